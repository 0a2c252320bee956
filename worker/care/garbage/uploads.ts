/**
 * Uploads that neither a job nor a model names.
 *
 * @module
 */
import { join } from "node:path";
import { modifiedAt } from "../../../lib/files/file_info.ts";
import type { ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import { ownFolder } from "../../../lib/registry/removal.ts";
import { JobFolder } from "../../job_folder.ts";
import type { Garbage } from "../garbage.ts";
import { uploadsFolder } from "../places.ts";
import { entriesIn, uploadsNamedIn } from "../uploads_named.ts";
import { isOld, type Look } from "./look.ts";

const UPLOAD_NAME = /^[0-9a-f]{64}$/;
/** In milliseconds: the job that a file was uploaded for may be about to come. */
const YOUNG_MS = 3_600_000;

/** Uploads that no job which has not ended, and no model that stays, could need for a resume. */
export async function unreferencedUploads(look: Look): Promise<Garbage[]> {
  const folder = uploadsFolder(look.registry.root);
  const uploads = (await entriesIn(folder))
    .filter(({ name, isDirectory }) => isDirectory && UPLOAD_NAME.test(name));
  if (uploads.length === 0) return [];
  const named = new Set(look.needs.flatMap(({ uploads }) => [...uploads]));
  for (const entry of look.entries) {
    for (const name of await namedBy(entry, look.registry)) named.add(name);
  }
  const found: Garbage[] = [];
  for (const { name } of uploads) {
    const path = join(folder, name);
    if (named.has(name) || !isOld(await writtenAt(path), look.options, YOUNG_MS)) continue;
    const files = (await entriesIn(path)).map((file) => file.name).join(", ");
    const what = `upload ${files || name.slice(0, 12)}`;
    found.push({ kind: "upload", path, what, model: null, job: null });
  }
  return found;
}

/** A resume takes the labels from the description of the model's job, or its own configuration. */
async function namedBy(entry: ModelEntry, { root }: ModelRegistry): Promise<Set<string>> {
  const jobs = [entry.job_id, ...(entry.attempts ?? []).map(({ job_id }) => job_id)]
    .flatMap((id) => JobFolder.of(root, id)?.path ?? []);
  const folders = [...new Set([...jobs, ownFolder(root, entry) ?? ""])].filter((path) => path);
  const named = new Set(entry.labels_sha256 ? [entry.labels_sha256] : []);
  for (const folder of folders) {
    for (const name of await uploadsNamedIn(folder)) named.add(name);
  }
  return named;
}

/** When something was last written into an upload's folder, in milliseconds since 1970. */
async function writtenAt(folder: string): Promise<number> {
  const files = (await entriesIn(folder)).map(({ name }) => join(folder, name));
  return Math.max(...await Promise.all([folder, ...files].map(modifiedAt)));
}
