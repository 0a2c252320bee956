/**
 * Which registry a command means.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { homedir } from "node:os";
import { isFile, isFolder } from "../files/file_info.ts";

const MAX_LOOKED_AT = 200;

/** A registry root, and how it was found. */
export interface RegistryRoot {
  /** Absolute path of the folder that contains `models/`. */
  path: string;
  /** `option`: `--registry`; `environment`: `SLEAP_RTC_REGISTRY`; else by looking. */
  found: "option" | "environment" | "nearest" | "home" | "new";
}

/** Where to look. */
export interface RootSearch {
  /** Value of `--registry`. */
  option?: string | undefined;
  /** Where a command that creates models puts them if no root is found: a new root in `cwd`. */
  createInCwd?: boolean;
}

/** `SLEAP_RTC_HOME`, by default `~/.sleap-rtc`. */
export function homeFolder(): string {
  return Deno.env.get("SLEAP_RTC_HOME") || join(homedir(), ".sleap-rtc");
}

/**
 * Find the registry root: `--registry` > `SLEAP_RTC_REGISTRY` > the nearest folder upwards with
 * `models/.registry`, or with models in `models/` although that was deleted > for commands that train a new root here, for others `SLEAP_RTC_HOME`.
 */
export async function findRegistryRoot(search: RootSearch): Promise<RegistryRoot> {
  if (search.option !== undefined) return { path: resolve(search.option), found: "option" };
  const named = Deno.env.get("SLEAP_RTC_REGISTRY");
  if (named) return { path: resolve(named), found: "environment" };
  const nearest = await nearestRoot(Deno.cwd());
  if (nearest !== null) return { path: nearest, found: "nearest" };
  if (search.createInCwd) return { path: Deno.cwd(), found: "new" };
  return { path: homeFolder(), found: "home" };
}

async function nearestRoot(start: string): Promise<string | null> {
  for (let folder = start;; folder = dirname(folder)) {
    const models = join(folder, "models");
    if (await isFolder(join(models, ".registry")) || await holdsModels(models)) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** Other programs have folders of this name, too: only the beginning of one is looked at. */
async function holdsModels(folder: string): Promise<boolean> {
  if (!(await isFolder(folder))) return false;
  let left = MAX_LOOKED_AT;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (left-- === 0) return false;
      if (isDirectory && await isFile(join(folder, name, "model.json"))) return true;
    }
  } catch {
    // Not ours to read.
  }
  return false;
}
