/**
 * Which uploads the files of a job or of a model name.
 *
 * @module
 */
import { join } from "node:path";
import { readTextOrNull } from "../../lib/files/file_info.ts";

/** Folders of uploads are named after the SHA-256 of what was uploaded. */
const UPLOAD = /\b[0-9a-f]{64}\b/g;
const TEXTS = ["spec.json", "config.yaml", "training_config.yaml", "initial_config.yaml"];
const FOLDERS = ["configs", "attempts"];

/**
 * Names of all uploads that the description and the configurations in a folder could mean: rather one
 * too many than one too few.
 *
 * @param folder absolute path of a job's or a model's folder
 */
export async function uploadsNamedIn(folder: string): Promise<Set<string>> {
  const named = new Set<string>();
  for (const path of await textsIn(folder)) {
    const text = await readTextOrNull(path) ?? "";
    for (const [name] of text.matchAll(UPLOAD)) named.add(name);
  }
  return named;
}

async function textsIn(folder: string): Promise<string[]> {
  const paths = TEXTS.map((name) => join(folder, name));
  for (const name of FOLDERS) {
    for (const { name: inside, isDirectory } of await entriesIn(join(folder, name))) {
      const path = join(folder, name, inside);
      if (isDirectory) paths.push(...TEXTS.map((text) => join(path, text)));
      else paths.push(path);
    }
  }
  return paths;
}

/** What is in a folder; nothing where there is none. */
export async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isNone) return [];
    throw error;
  }
}
