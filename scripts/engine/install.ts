/**
 * Installing `sleap-nn` into an engine folder.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { makeFolder, writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { FileLock, heldError, readLockHolder } from "../../lib/files/lock.ts";
import { runProgram } from "../../lib/run_program.ts";
import { type EngineFolder, engineFolder } from "../../lib/sleap_nn/executable.ts";
import { pipInstall, type Step } from "./pip.ts";
import { findPython, type Python } from "./python.ts";
import { installShim } from "./shim.ts";
import { type Unusable, verify } from "./verify.ts";

/** What is installed. */
export const REQUIREMENTS = ["torch==2.13.0", "sleap-nn==0.3.5"];

/** How long another installation into the same folder is waited for, in milliseconds. */
const LOCK_TIMEOUT_MS = 3_600_000;

const MarkerSchema = v.object({ requirements: v.array(v.string()) });

/** Options of {@linkcode install}. */
export interface InstallOptions {
  /** Environment of the programs that are run. */
  env: Record<string, string>;
  /** The engine folder; it is created. */
  folder: string;
  /** Called with a line for people. */
  report: (line: string) => void;
  /** Called at each step of the work. */
  onStep: (step: Step) => void;
}

/**
 * Install a usable `sleap-nn`, unless there is one: afterwards it can train, or nothing in the
 * folder looks as if it could.
 *
 * @returns absolute path of the executable
 * @throws {SleapRtcError} when there is no Python, no network, or the result cannot train
 */
export async function install(options: InstallOptions): Promise<string> {
  const { folder, report } = options;
  const engine = engineFolder(folder);
  await makeFolder(folder);
  using _lock = await lock(join(folder, "install.lock"), report);
  if (await isComplete(engine)) {
    const failure = await check(engine, options);
    if (failure === null) return engine.sleapNn;
    report(`The installation in "${folder}" is broken (${failure.reason}): making it anew`);
  } else if (await exists(engine.venv)) {
    report(`The installation in "${folder}" is unfinished or outdated: making it anew`);
  }
  await remove(engine);
  try {
    await build(engine, options);
  } catch (error) {
    await remove(engine);
    throw error;
  }
  return engine.sleapNn;
}

/** Whether the folder holds a finished installation of what would be installed now. */
export async function isComplete(engine: EngineFolder): Promise<boolean> {
  try {
    const marker = v.parse(MarkerSchema, JSON.parse(await Deno.readTextFile(engine.marker)));
    return marker.requirements.join() === REQUIREMENTS.join();
  } catch {
    return false;
  }
}

async function build(engine: EngineFolder, options: InstallOptions): Promise<void> {
  const { folder, report, onStep } = options;
  const env = pipEnvironment(options.env);
  const base = await findPython(env);
  report(`Installing ${REQUIREMENTS.join(" and ")} for Python ${base.version} into "${folder}"`);
  const python = await makeVenv(base, engine, env);
  const log = join(folder, "install.log");
  await pipInstall(python, REQUIREMENTS, { env, log, onStep });
  let failure = await check(engine, options);
  if (failure?.missesOperators && await hasCpuTorch(python, env)) {
    report("torchvision is built for CUDA and torch is not: declaring the two operators it misses");
    await installShim(python, env);
    failure = await check(engine, options);
  }
  if (failure !== null) {
    throw new SleapRtcError(`The installed sleap-nn cannot train: ${failure.reason}`, {
      hint: `All that pip said is in "${log}". To use another one, set SLEAP_RTC_SLEAP_NN.`,
    });
  }
  const marker = { requirements: REQUIREMENTS, installed_at: new Date().toISOString() };
  await writeFileAtomic(engine.marker, `${JSON.stringify(marker, null, 2)}\n`);
}

async function check(engine: EngineFolder, options: InstallOptions): Promise<Unusable | null> {
  const onCheck = () =>
    options.onStep({ text: "checking that it can train, about 10 seconds", brief: false });
  return await verify(engine.sleapNn, { ...options, onCheck });
}

async function makeVenv(
  base: Python,
  engine: EngineFolder,
  env: Record<string, string>,
): Promise<string> {
  const args = ["-m", "venv", engine.venv];
  const { code, stdout, stderr } = await runProgram(base.path, args, { env, timeoutMs: 300_000 });
  if (code === 0) return engine.python;
  throw new SleapRtcError(
    `Cannot make a virtual environment in "${engine.venv}": ${(stderr || stdout).trim()}`,
    { hint: `Python ${base.version} needs its venv module, e.g. \`apt install python3-venv\`.` },
  );
}

async function hasCpuTorch(python: string, env: Record<string, string>): Promise<boolean> {
  const program = "import torch; print(torch.version.cuda or torch.version.hip or 'cpu')";
  return (await runProgram(python, ["-c", program], { env })).stdout.trim() === "cpu";
}

/** Settings of the user's shell that would make pip install elsewhere. */
function pipEnvironment(env: Record<string, string>): Record<string, string> {
  const elsewhere = [
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
  ];
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !elsewhere.includes(name))),
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  };
}

async function lock(path: string, report: (line: string) => void): Promise<FileLock> {
  const free = await FileLock.tryAcquire(path);
  if (free !== null) return free;
  const holder = await readLockHolder(path);
  report(`Waiting for another installation (${heldError(path, holder).message})`);
  return await FileLock.acquire(path, { timeoutMs: LOCK_TIMEOUT_MS });
}

async function remove(engine: EngineFolder): Promise<void> {
  for (const path of [engine.marker, engine.venv]) {
    if (await exists(path)) await Deno.remove(path, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
