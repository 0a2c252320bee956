/**
 * Running trainers, and `train --local` of the program as it is installed, for a measurement.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLauncher } from "../../scripts/compile/launcher.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The program as it is installed. */
export interface Program {
  path: string;
  /** What it needs of the environment. */
  env: Record<string, string>;
}

/**
 * Build the program and start it once: from source a process takes a twentieth of a second more,
 * which no user ever sees.
 *
 * @param folder where it is built and unpacked
 */
export async function buildProgram(folder: string): Promise<Program> {
  const path = join(folder, "sleap-rtc");
  const program = { path, env: { XDG_CACHE_HOME: join(folder, "cache") } };
  await buildLauncher({
    entry: join(ROOT, "main.ts"),
    config: join(ROOT, "deno.json"),
    output: path,
  });
  await succeed(path, ["--version"], { cwd: folder, env: program.env });
  return program;
}

/** Measure something in a temporary folder. */
export async function withFolder<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-bench-" });
  try {
    return await measure(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Run `train --local` of a program to its end, with `folder` as working folder and root.
 *
 * @param args further arguments of the command
 * @param env further variables: `SLEAP_RTC_SLEAP_NN` names the trainer
 * @throws when the job does not succeed
 */
export async function trainLocally(
  program: Program,
  folder: string,
  args: string[],
  env: Record<string, string>,
): Promise<void> {
  const train = ["train", "--local", ...args, "--registry", folder];
  await succeed(program.path, train, { cwd: folder, env: { ...program.env, ...env } });
}

/**
 * Run a program to its end.
 *
 * @throws with what it said, when it fails
 */
export async function succeed(
  command: string,
  args: string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    ...options,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`"${command}" failed: ${new TextDecoder().decode(stderr)}`);
}
