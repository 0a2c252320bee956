/**
 * Run a built executable where nothing helps it: alone in an empty folder, no Deno on PATH, an empty
 * home, no inherited environment.
 *
 * @module
 */
import { basename, join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { VERSION } from "../../lib/version.ts";
import { pathWithout } from "./path_without.ts";

/** One thing that the executable must be able to do. */
export interface TryOutStep {
  /** What is tried, for the report. */
  name: string;
  /**
   * Try it.
   *
   * @param executable absolute path of the copied executable
   * @param folder the folder it lies in, otherwise empty; removed afterwards
   * @returns what was seen, in one line
   * @throws {SleapRtcError} when it is not as it must be
   */
  run(executable: string, folder: string): Promise<string>;
}

/** What a run of the executable gave. */
export interface RunResult {
  /** Exit code. */
  code: number;
  /** Its standard output. */
  stdout: string;
  /** Its standard error. */
  stderr: string;
}

/** The first thing to try. */
export const VERSION_STEP: TryOutStep = { name: "--version", run: tryVersion };

/**
 * Copy `executable` into an empty temporary folder and take the steps there, in order.
 *
 * @param report called with one line after each step
 * @throws {SleapRtcError} when a step fails
 */
export async function tryOut(
  executable: string,
  steps: readonly TryOutStep[],
  report: (line: string) => void,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-try-out-" });
  try {
    const copy = join(folder, basename(executable));
    await Deno.copyFile(executable, copy);
    for (const step of steps) {
      const started = performance.now();
      const seen = await step.run(copy, folder);
      report(`${step.name}: ${seen} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Run the copied executable in its folder with only `HOME` (`home` in this folder), a `PATH` without
 * Deno, and what `env` names.
 */
export async function runAlone(
  executable: string,
  args: string[],
  folder: string,
  env: Record<string, string> = {},
): Promise<RunResult> {
  const { code, stdout, stderr } = await new Deno.Command(executable, {
    args,
    cwd: folder,
    clearEnv: true,
    env: { ...await bareEnvironment(folder), ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function tryVersion(executable: string, folder: string): Promise<string> {
  const { code, stdout, stderr } = await runAlone(executable, ["--version"], folder);
  if (code !== 0 || stdout.trim() !== VERSION) {
    throw new SleapRtcError(
      `The built executable does not print its version ${VERSION}: exit code ${code}, ` +
        `"${stdout.trim()}", "${stderr.trim()}"`,
    );
  }
  return VERSION;
}

async function bareEnvironment(folder: string): Promise<Record<string, string>> {
  const home = join(folder, "home");
  if (Deno.build.os === "windows") {
    const system = Deno.env.get("SystemRoot") ?? "C:\\Windows";
    return { SystemRoot: system, USERPROFILE: home, LOCALAPPDATA: home, PATH: system };
  }
  await Deno.mkdir(home, { recursive: true });
  const path = await pathWithout("deno", ["/usr/bin", "/bin"], join(home, "bin"));
  return { HOME: home, PATH: path };
}
