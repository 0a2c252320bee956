/**
 * Finding the trainer's executable, without starting it.
 *
 * @module
 */
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { NotFoundError } from "../errors.ts";
import { isFile } from "../files/file_info.ts";
import { runKind } from "../self_command.ts";
import { installedVersion } from "./installation.ts";

/** Options of {@linkcode findSleapNn}. */
export interface FindSleapNnOptions {
  /** @default {this process's environment} */
  env?: Record<string, string>;
  /**
   * The project folder when run from source, whose `.engine/` is searched; null: not from source.
   *
   * @default {the folder of this program's source, null in a compiled or bundled program}
   */
  projectFolder?: string | null;
}

/** A trainer that was found. */
export interface SleapNn {
  /** Absolute path of the executable. */
  path: string;
  /** Version according to its installation's metadata; null where the files don't tell. */
  version: string | null;
}

/** The files of an engine folder, which `deno task engine` makes. */
export interface EngineFolder {
  /** The virtual environment. */
  venv: string;
  /** Its Python. */
  python: string;
  /** The trainer in it. */
  sleapNn: string;
  /** Written last: without it the installation is unfinished, whatever is in the folder. */
  marker: string;
}

/** Name of the executable in a folder of executables. */
const FILE_NAME = Deno.build.os === "windows" ? "sleap-nn.exe" : "sleap-nn";

/** Folder of executables in a virtual environment. */
const BIN = Deno.build.os === "windows" ? "Scripts" : "bin";

/** The paths in the engine folder `root`. */
export function engineFolder(root: string): EngineFolder {
  const venv = join(root, "venv");
  return {
    venv,
    python: join(venv, BIN, Deno.build.os === "windows" ? "python.exe" : "python"),
    sleapNn: join(venv, BIN, FILE_NAME),
    marker: join(root, "complete.json"),
  };
}

/** Folder of the project when it runs from source; null in a compiled or bundled program. */
export function sourceFolder(): string | null {
  return runKind() === "source" ? fileURLToPath(new URL("../..", import.meta.url)) : null;
}

/**
 * Find `sleap-nn`: the one that `SLEAP_RTC_SLEAP_NN` names, else on PATH, else in the project's
 * `.engine/`, else in the virtual environment `<SLEAP_RTC_HOME or ~/.sleap-rtc>/engine`.
 *
 * @throws {NotFoundError} when there is none, or when the one that `SLEAP_RTC_SLEAP_NN` names
 * cannot be executed; another one never takes its place
 */
export async function findSleapNn(options: FindSleapNnOptions = {}): Promise<SleapNn> {
  const env = options.env ?? Deno.env.toObject();
  const projectFolder = options.projectFolder === undefined
    ? sourceFolder()
    : options.projectFolder;
  const named = env["SLEAP_RTC_SLEAP_NN"];
  const path = named ? await findNamed(named, env) : await search(env, projectFolder);
  if (path === null) throw notFound(projectFolder);
  return { path, version: await installedVersion(path) };
}

/** The executable `name` on the PATH of `env`, as an absolute path; null if there is none. */
export async function findOnPath(
  name: string,
  env: Record<string, string>,
): Promise<string | null> {
  const path = env["PATH"] ?? env["Path"] ?? "";
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const found = await firstExecutable(spellings(resolve(folder, name)));
    if (found !== null) return found;
  }
  return null;
}

async function findNamed(named: string, env: Record<string, string>): Promise<string> {
  const isPath = named.includes("/") || named.includes(sep) || isAbsolute(named);
  const found = isPath
    ? await firstExecutable(spellings(resolve(named)))
    : await findOnPath(named, env);
  if (found !== null) return found;
  throw new NotFoundError(
    isPath
      ? `SLEAP_RTC_SLEAP_NN names "${named}", which is not an executable file`
      : `SLEAP_RTC_SLEAP_NN names "${named}", which is not on PATH`,
    { hint: "Set it to the path of a sleap-nn executable, or unset it to search for one." },
  );
}

async function search(
  env: Record<string, string>,
  projectFolder: string | null,
): Promise<string | null> {
  const onPath = await findOnPath("sleap-nn", env);
  if (onPath !== null) return onPath;
  if (projectFolder !== null) {
    const engine = engineFolder(join(projectFolder, ".engine"));
    if (await isFile(engine.marker) && await isExecutable(engine.sleapNn)) return engine.sleapNn;
  }
  const home = env["SLEAP_RTC_HOME"] || join(homedir(), ".sleap-rtc");
  return await firstExecutable([resolve(home, "engine", BIN, FILE_NAME)]);
}

function notFound(projectFolder: string | null): NotFoundError {
  return new NotFoundError("sleap-nn was not found", {
    hint: projectFolder === null
      ? "Install it with `pip install sleap-nn`, or set SLEAP_RTC_SLEAP_NN to its path."
      : "Run `deno task engine` to install it, or set SLEAP_RTC_SLEAP_NN to its path.",
  });
}

/** Windows finds `sleap-nn.exe` by the name `sleap-nn`. */
function spellings(path: string): string[] {
  return Deno.build.os === "windows" && !/\.exe$/i.test(path) ? [`${path}.exe`, path] : [path];
}

async function firstExecutable(paths: string[]): Promise<string | null> {
  for (const path of paths) {
    if (await isExecutable(path)) return path;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && (mode === null || Deno.build.os === "windows" || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
