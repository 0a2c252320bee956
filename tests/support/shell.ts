/**
 * Shell scripts as processes that lead a group of their own.
 *
 * @module
 */

/** Start a script; its first line of output says that it is {@linkcode ready}. */
export function startShell(script: string, env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", {
    args: ["-c", script],
    env,
    detached: true,
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/** Wait for the script to say that it is ready, without taking its output's end; the number it says. */
export async function ready(child: Deno.ChildProcess): Promise<number> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return Number(new TextDecoder().decode(value));
}

/** Await the end of the script. */
export async function end(child: Deno.ChildProcess): Promise<void> {
  await child.stdout.cancel();
  await child.status;
}
