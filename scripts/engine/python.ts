/**
 * Finding a Python that sleap-nn can be installed with.
 *
 * @module
 */
import { SleapRtcError } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";

/** Names that are tried, in this order. */
const NAMES = ["python3.13", "python3.12", "python3.11", "python3", "python"];

/** Prints the version, the executable and whether virtual environments can be made. */
const QUESTION = `
import json, sys
try:
    import ensurepip, venv
    has_venv = True
except ImportError:
    has_venv = False
print(json.dumps([sys.version_info[0], sys.version_info[1], sys.executable, has_venv]))
`;

/** A Python that was found. */
export interface Python {
  /** Absolute path. */
  path: string;
  /** For example `3.11`. */
  version: string;
}

/**
 * Find a Python 3.11 to 3.13 (what sleap-nn 0.3.5 asks for) that can make virtual environments.
 *
 * @throws {SleapRtcError} when there is none; says what was found instead
 */
export async function findPython(env: Record<string, string>): Promise<Python> {
  const refused = new Set<string>();
  for (const name of NAMES) {
    const answer = await ask(name, env);
    if (answer === null) continue;
    const { path, version, supported, hasVenv } = answer;
    if (supported && hasVenv) return { path, version };
    refused.add(supported ? `${name} has no venv module` : `${name} is ${version}`);
  }
  const found = refused.size === 0 ? "found none" : `found: ${[...refused].join(", ")}`;
  throw new SleapRtcError(`No Python 3.11 to 3.13 to install sleap-nn with (${found})`, {
    hint: "Install one with its venv module, e.g. `apt install python3 python3-venv`.",
  });
}

async function ask(name: string, env: Record<string, string>): Promise<
  (Python & { supported: boolean; hasVenv: boolean }) | null
> {
  try {
    const { code, stdout } = await runProgram(name, ["-c", QUESTION], { env });
    if (code !== 0) return null;
    const [major, minor, path, hasVenv] = JSON.parse(stdout) as [number, number, string, boolean];
    const supported = major === 3 && minor >= 11 && minor <= 13;
    return { path, version: `${major}.${minor}`, supported, hasVenv };
  } catch {
    return null;
  }
}
