/**
 * Which registry a command means.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { homedir } from "node:os";

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
 * `models/.registry` > for commands that train a new root here, for others `SLEAP_RTC_HOME`.
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
    try {
      if ((await Deno.stat(join(folder, "models", ".registry"))).isDirectory) return folder;
    } catch {
      // Not here.
    }
    if (dirname(folder) === folder) return null;
  }
}
