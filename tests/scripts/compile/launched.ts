/** Starting a launcher in tests: an empty environment but `HOME` and a `PATH` without Deno. */
import assert from "node:assert/strict";

/** Options of {@linkcode launch}. */
export interface LaunchOptions {
  /** Working folder. */
  cwd?: string;
  /** Replaces or, with `undefined`, removes variables of the bare environment. */
  env?: Record<string, string | undefined>;
  /** What the program reads. */
  stdin?: string;
}

/** What a run printed, and how it ended. */
export interface Launched {
  /** Exit code. */
  code: number;
  /** Standard output, without the last newline. */
  stdout: string;
  /** Standard error. */
  stderr: string;
}

/** A command that starts `executable` in a bare environment, its own process group. */
export function bareCommand(
  executable: string,
  args: string[],
  home: string,
  { cwd, env = {} }: LaunchOptions = {},
): Deno.Command {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries({ HOME: home, PATH: "/usr/bin:/bin", ...env })) {
    if (value !== undefined) variables[name] = value;
  }
  return new Deno.Command(executable, {
    args,
    clearEnv: true,
    env: variables,
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Run to the end. */
export async function launch(
  executable: string,
  args: string[],
  home: string,
  options: LaunchOptions = {},
): Promise<Launched> {
  const child = bareCommand(executable, args, home, options).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout).trimEnd(), stderr: decoder.decode(stderr) };
}

/** Run to the end, which must be a good one, and give what was printed. */
export async function launched(
  executable: string,
  args: string[],
  home: string,
  options: LaunchOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await launch(executable, args, home, options);
  assert.equal(code, 0, stderr);
  return stdout;
}

/**
 * Write an executable file. Not in this process: a child that another test forks meanwhile would
 * hold the file open for writing for a moment, and Linux runs no file that is ("Text file busy").
 */
export async function writeExecutable(path: string, bytes: Uint8Array): Promise<void> {
  const source = `${path}.bytes`;
  await Deno.writeFile(source, bytes);
  await copyExecutable(source, path);
  await Deno.remove(source);
}

/** Copy an executable file; see {@linkcode writeExecutable}. */
export async function copyExecutable(from: string, to: string): Promise<void> {
  const script = 'cp "$0" "$1" && chmod 755 "$1"';
  const { success, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, from, to],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
