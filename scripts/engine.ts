/**
 * `deno task engine`: find a `sleap-nn` that can train, or install one into `.engine/`.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf, NotFoundError, SleapRtcError } from "../lib/errors.ts";
import { engineFolder, findOnPath, findSleapNn, sourceFolder } from "../lib/sleap_nn/executable.ts";
import { installedVersion } from "../lib/sleap_nn/installation.ts";
import { install, isComplete } from "./engine/install.ts";
import type { Step } from "./engine/pip.ts";
import { ProgressLine } from "./engine/progress_line.ts";
import { type Unusable, verify } from "./engine/verify.ts";

/** Options of {@linkcode ensureEngine}. */
export interface EnsureEngineOptions {
  /** @default {this process's environment} */
  env?: Record<string, string>;
  /** @default {`.engine` in the project folder} */
  folder?: string;
  /** Called at each step of the work. @default {lasting steps are reported as lines} */
  onStep?: (step: Step) => void;
}

/**
 * Find a `sleap-nn` that can train: the one that `SLEAP_RTC_SLEAP_NN` names, else on PATH, else in
 * `.engine/`, where it is installed if need be (about 100 s and 2.4 GB).
 *
 * @param report gets lines for people
 * @returns absolute path of the executable
 * @throws {SleapRtcError} when the named one cannot be used, or none can be installed
 */
export async function ensureEngine(
  report: (line: string) => void,
  options: EnsureEngineOptions = {},
): Promise<string> {
  const env = options.env ?? Deno.env.toObject();
  const folder = options.folder ?? join(sourceFolder() ?? ".", ".engine");
  const onStep = options.onStep ?? ((step) => {
    if (!step.brief) report(`  ${step.text}`);
  });
  const path = await findUsable(report, env, folder) ??
    await install({ env, folder, report, onStep });
  report(`Using sleap-nn ${await installedVersion(path) ?? "of unknown version"}: "${path}"`);
  return path;
}

async function findUsable(
  report: (line: string) => void,
  env: Record<string, string>,
  folder: string,
): Promise<string | null> {
  const onCheck = () => report("Checking that sleap-nn can train, about 10 seconds");
  const check = (path: string) => verify(path, { env, folder, onCheck });
  if (env["SLEAP_RTC_SLEAP_NN"]) {
    const { path } = await findSleapNn({ env });
    const failure = await check(path);
    if (failure !== null) throw unusable(path, failure);
    return path;
  }
  const onPath = await findOnPath("sleap-nn", env);
  if (onPath !== null) {
    const failure = await check(onPath);
    if (failure === null) return onPath;
    report(`Not using "${onPath}", which cannot train: ${failure.reason}`);
    report("sleap-rtc itself would take it: set SLEAP_RTC_SLEAP_NN to the one below.");
  }
  const engine = engineFolder(folder);
  return await isComplete(engine) && await check(engine.sleapNn) === null ? engine.sleapNn : null;
}

function unusable(path: string, failure: Unusable): SleapRtcError {
  return new NotFoundError(`SLEAP_RTC_SLEAP_NN cannot train: "${path}": ${failure.reason}`, {
    hint: failure.missesOperators
      ? "Its torchvision does not fit its torch: install the pair from the same package index, " +
        "or unset SLEAP_RTC_SLEAP_NN."
      : "Repair that installation, or unset SLEAP_RTC_SLEAP_NN.",
  });
}

async function main(): Promise<number> {
  using progress = new ProgressLine();
  try {
    const onStep = (step: Step) => progress.step(step);
    const path = await ensureEngine((line) => progress.line(line), { onStep });
    if (!Deno.stdout.isTerminal()) {
      await Deno.stdout.write(new TextEncoder().encode(`${path}\n`));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof SleapRtcError)) throw error;
    progress.line(`error: ${messageOf(error)}`);
    if (error.hint !== undefined) progress.line(`hint: ${error.hint}`);
    return error.exitCode;
  }
}

if (import.meta.main) Deno.exit(await main());
