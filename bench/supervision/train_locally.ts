/**
 * Running trainers, and this program's `train --local`, for a measurement.
 *
 * @module
 */
import { selfCommand } from "../../lib/self_command.ts";

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
 * Run `train --local` to its end, with `folder` as working folder and root.
 *
 * @param args further arguments of the command
 * @param env further variables: `SLEAP_RTC_SLEAP_NN` names the trainer
 * @throws when the job does not succeed
 */
export async function trainLocally(
  folder: string,
  args: string[],
  env: Record<string, string>,
): Promise<void> {
  const self = selfCommand(["train", "--local", ...args, "--registry", folder]);
  await succeed(self.command, self.args, { cwd: folder, env });
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
