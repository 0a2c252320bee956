/**
 * Proving that a `sleap-nn` can train, once for each installation.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { makeFolder, writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { FileLock } from "../../lib/files/lock.ts";
import { runProgram } from "../../lib/run_program.ts";
import { sitePackagesOf } from "../../lib/sleap_nn/installation.ts";

/** Imports take 7 s here and a minute on a slow network disk. */
const IMPORT_TIMEOUT_MS = 300_000;

/** The failure that two declared operators cure, see `torchvision_shim.py`. */
const MISSING_OPERATOR = "operator torchvision::nms does not exist";

const VerifiedSchema = v.record(v.string(), v.string());

/** Why a `sleap-nn` cannot be used. */
export interface Unusable {
  /** Its last line of error output. */
  reason: string;
  /** Whether torchvision misses its operators. */
  missesOperators: boolean;
}

/** Options of {@linkcode verify}. */
export interface VerifyOptions {
  /** Environment of the program. */
  env: Record<string, string>;
  /** Where successful checks are remembered: `verified.json` in this folder. */
  folder: string;
  /** Called before the check, if it is not remembered. */
  onCheck?: () => void;
}

/**
 * Check that `sleap-nn` can import all that a training needs.
 *
 * `sleap-nn train` without a configuration imports the trainer, prints its help and ends with 0;
 * `--version` succeeds on installations that cannot train.
 *
 * @returns null when it can be used
 * @throws {SleapRtcError} when the check itself did not finish
 */
export async function verify(path: string, options: VerifyOptions): Promise<Unusable | null> {
  const memory = join(options.folder, "verified.json");
  if ((await readVerified(memory))[path] === await stateOf(path)) return null;
  options.onCheck?.();
  const failure = await importTrainer(path, options.env);
  if (failure !== null) return failure;
  await remember(path, options.folder, memory).catch(() => {
    // A folder that cannot be written costs a check each time, nothing else.
  });
  return null;
}

async function remember(path: string, folder: string, memory: string): Promise<void> {
  await makeFolder(folder);
  using _lock = await FileLock.acquire(join(folder, "verified.lock"));
  const verified = { ...await readVerified(memory), [path]: await stateOf(path) };
  await writeFileAtomic(memory, `${JSON.stringify(verified, null, 2)}\n`);
}

async function importTrainer(path: string, env: Record<string, string>): Promise<Unusable | null> {
  const result = await runProgram(path, ["train"], { env, timeoutMs: IMPORT_TIMEOUT_MS }).catch(
    (error) => ({ code: -1, stdout: "", stderr: String(error), timedOut: false }),
  );
  if (result.code === 0) return null;
  if (result.code === null) {
    throw new SleapRtcError(
      `Checking "${path}" did not finish: ${
        result.timedOut ? `no end after ${IMPORT_TIMEOUT_MS / 1000} s` : "it was killed"
      }`,
      { hint: "Try again when the machine has free memory and less to do." },
    );
  }
  return {
    reason: result.stderr.trim().split("\n").at(-1) || `exit code ${result.code}`,
    missesOperators: result.stderr.includes(MISSING_OPERATOR),
  };
}

/** Changes when the executable or any package beside it is installed or removed. */
async function stateOf(path: string): Promise<string> {
  const packages = await sitePackagesOf(path);
  const times = [path, ...(packages === null ? [] : [packages])].map((file) =>
    Deno.stat(file).then((info) => info.mtime?.toISOString() ?? "unknown", () => "missing")
  );
  return (await Promise.all(times)).join(" ");
}

async function readVerified(path: string): Promise<Record<string, string>> {
  try {
    return v.parse(VerifiedSchema, JSON.parse(await Deno.readTextFile(path)));
  } catch {
    return {};
  }
}
