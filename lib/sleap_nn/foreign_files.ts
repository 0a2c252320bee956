/**
 * The files of a model that was trained without this program.
 *
 * @module
 */
import { join } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { readCheckpoint } from "./checkpoint_file.ts";
import { BEST_CHECKPOINT, CONFIG_NAMES, LEGACY_CHECKPOINT } from "./model_folder.ts";

/** In this order; sleap-nn, then SLEAP 1.4 and older. */
const CHECKPOINT_NAMES = [
  BEST_CHECKPOINT,
  LEGACY_CHECKPOINT,
  "last.ckpt",
  "latest_model.h5",
  "final_model.h5",
];
const CHECKPOINT_PATTERN = /\.(?:ckpt|h5)$/i;
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** A checkpoint that can be loaded. */
export interface ForeignCheckpoint {
  /** File name in the model's folder. */
  name: string;
  /** 0-based index of the last finished epoch; null: the file does not tell. */
  epoch: number | null;
  bytes: number;
}

/** What a model's folder holds. */
export interface ForeignFiles {
  checkpoint: ForeignCheckpoint;
  /** Name of the configuration it was trained with. */
  config: string;
  /** Names of all files that are the model's, the two included. */
  names: string[];
  /** What is not as it should be, although the model can be used. */
  warnings: string[];
}

/** Does a folder with files of these names hold a model, sound or not? */
export function looksLikeModel(names: readonly string[]): boolean {
  return names.some((name) =>
    CHECKPOINT_NAMES.includes(name) || CONFIG_NAMES.some((config) => config === name)
  );
}

/**
 * Find the files of a model in a folder that sleap-nn (0.0.1 or newer) or SLEAP (1.4 or older) wrote.
 * Of several checkpoints the best one counts, not the first one.
 *
 * @param folder absolute path
 * @throws {NotFoundError} when there is no checkpoint or no configuration, or a link to it dangles
 * @throws {UsageError} when no checkpoint can be used, or it cannot be told which one is meant
 */
export async function findForeignFiles(folder: string): Promise<ForeignFiles> {
  const { names, dangling } = await listFolder(folder);
  const config = CONFIG_NAMES.find((name) => names.includes(name));
  if (config === undefined) throw missingFile(folder, CONFIG_NAMES, dangling);
  const { checkpoint, warnings } = await chooseCheckpoint(folder, names, dangling);
  const left = [...dangling].map(([name, target]) =>
    `"${join(folder, name)}" is left out: it leads to "${target}", which is gone`
  );
  return { checkpoint, config, names, warnings: [...warnings, ...left] };
}

/** The files of a folder, and the links that lead nowhere, with what they lead to. */
async function listFolder(
  folder: string,
): Promise<{ names: string[]; dangling: Map<string, string> }> {
  const names: string[] = [];
  const dangling = new Map<string, string>();
  for await (const { name, isSymlink, isFile } of Deno.readDir(folder)) {
    if (name.startsWith(".") || name.endsWith(".tmp")) continue;
    const path = join(folder, name);
    if (isFile) names.push(name);
    if (!isSymlink) continue;
    const info = await Deno.stat(path).catch(() => null);
    if (info === null) dangling.set(name, await Deno.readLink(path));
    else if (info.isFile) names.push(name);
  }
  return { names: names.sort(), dangling };
}

async function chooseCheckpoint(
  folder: string,
  names: readonly string[],
  dangling: ReadonlyMap<string, string>,
): Promise<{ checkpoint: ForeignCheckpoint; warnings: string[] }> {
  const known = CHECKPOINT_NAMES.filter((name) => names.includes(name));
  const others = names.filter((name) => CHECKPOINT_PATTERN.test(name));
  if (known.length === 0 && others.length > 1) {
    throw new UsageError(`Cannot tell which checkpoint in "${folder}" is the model`, {
      hint: `Call one of them ${BEST_CHECKPOINT}: ${others.slice(0, 5).join(", ")}`,
    });
  }
  const warnings: string[] = [];
  for (const name of known.length > 0 ? known : others) {
    const found = await judge(folder, name);
    if (typeof found !== "string") return { checkpoint: found, warnings };
    warnings.push(found);
  }
  const [fault] = warnings;
  if (fault === undefined) throw missingFile(folder, CHECKPOINT_NAMES, dangling);
  throw new UsageError(`Model "${folder}" has no checkpoint that can be used: ${fault}`, {
    hint: "Copy the folder again from where it was trained.",
  });
}

/** The checkpoint, or why it is none. */
async function judge(folder: string, name: string): Promise<ForeignCheckpoint | string> {
  const path = join(folder, name);
  if (/\.h5$/i.test(name)) {
    const { head, bytes } = await readHead(path, HDF5.length);
    return beginsWith(head, HDF5) ? { name, epoch: null, bytes } : `"${path}" is no HDF5 file`;
  }
  const verdict = await readCheckpoint(path);
  if (verdict.ok) return { name, epoch: verdict.epoch, bytes: verdict.bytes };
  if (verdict.reason !== "not a checkpoint") return verdict.detail;
  // Weights that were stripped of the trainer's state predict, too.
  const { head, bytes } = await readHead(path, ZIP.length);
  return beginsWith(head, ZIP) ? { name, epoch: null, bytes } : verdict.detail;
}

async function readHead(
  path: string,
  length: number,
): Promise<{ head: Uint8Array; bytes: number }> {
  using file = await Deno.open(path);
  const head = new Uint8Array(length);
  const count = await file.read(head) ?? 0;
  return { head: head.subarray(0, count), bytes: (await file.stat()).size };
}

function beginsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, place) => head[place] === byte);
}

function missingFile(
  folder: string,
  names: readonly string[],
  dangling: ReadonlyMap<string, string>,
): NotFoundError {
  const link = names.find((name) => dangling.has(name));
  if (link !== undefined) {
    return new NotFoundError(
      `"${join(folder, link)}" is a link to "${dangling.get(link)}", which is gone`,
      { hint: "Put that file back, or name the folder in which the files themselves are." },
    );
  }
  return new NotFoundError(`"${folder}" has no ${names.slice(0, 2).join(" or ")}`, {
    hint: "Name the folder that sleap-nn or SLEAP wrote; a whole tree of them with --scan.",
  });
}
