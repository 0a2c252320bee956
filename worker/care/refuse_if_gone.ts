/**
 * A job is described before it is written: what it needs may have been deleted in between.
 *
 * @module
 */
import { relative } from "node:path";
import { NotFoundError } from "../../lib/errors.ts";
import { isFile } from "../../lib/files/file_info.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { uploadsFolder } from "./places.ts";

/** What clients upload lies in folders named after its SHA-256. */
const UPLOADED = /^[0-9a-f]{64}[/\\]/;

/**
 * Refuse a job that resumes a model which is gone, or whose data were uploaded and are gone. A job
 * that predicts looks for its models when it starts.
 *
 * @param root absolute path of the registry root
 * @throws {NotFoundError} which of them is
 */
export async function refuseIfGone(root: string, spec: JobSpec): Promise<void> {
  const registry = await ModelRegistry.open(root, { create: false });
  for (const id of resumedModels(spec)) {
    if (await registry.get(id) !== null) continue;
    throw new NotFoundError(`Model ${id} was deleted meanwhile`, {
      hint: "All models: sleap-rtc list-models",
    });
  }
  for (const path of dataOf(spec)) {
    const isUploaded = UPLOADED.test(relative(uploadsFolder(root), path));
    if (!isUploaded || await isFile(path)) continue;
    throw new NotFoundError(`The uploaded file "${path}" was removed meanwhile`, {
      hint: "Ask again: it is uploaded anew.",
    });
  }
}

function resumedModels(spec: JobSpec): string[] {
  if (spec.type === "track") return [];
  return spec.models.flatMap(({ resume }) => resume ? [resume.model_id] : []);
}

function dataOf(spec: JobSpec): string[] {
  return spec.type === "train"
    ? [spec.labels_path, spec.val_labels_path].filter((path) => path !== null)
    : [spec.data_path];
}
