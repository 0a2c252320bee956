/**
 * Running a short program for what it prints.
 *
 * @module
 */

/** Options of {@linkcode runProgram}. */
export interface RunProgramOptions {
  /** The whole environment of the program. @default {this process's environment} */
  env?: Record<string, string>;
  /** After this many milliseconds the program is killed. @default {60_000} */
  timeoutMs?: number;
}

/** How long a killed program is waited for, in milliseconds. */
const KILL_WAIT_MS = 1000;

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; null when it was killed, by us or by anyone else. */
  code: number | null;
  /** Whether it was killed because its time was up. */
  timedOut: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Run a program, without input, and take what it prints.
 *
 * @param command a path, or a name that is looked up on the PATH of `options.env`
 * @throws {Deno.errors.NotFound} when there is no such program, or its script's interpreter is gone
 * @throws {Deno.errors.PermissionDenied} when the file may not be executed
 */
export async function runProgram(
  command: string,
  args: string[],
  options: RunProgramOptions = {},
): Promise<ProgramResult> {
  const child = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: options.env, clearEnv: true }),
  }).spawn();
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const texts = readers.map(readText);
  const ended = Promise.all([child.status, ...texts]);
  const timedOut = await within(ended, options.timeoutMs ?? 60_000) === null;
  if (timedOut) {
    await end(child);
    await Promise.all(readers.map((reader) => reader.cancel()));
  }
  const [stdout = "", stderr = ""] = await Promise.all(texts);
  const status = timedOut ? null : await child.status;
  return {
    code: status === null || status.signal !== null ? null : status.code,
    timedOut,
    stdout,
    stderr,
  };
}

/** A program that is stuck in the kernel (a broken GPU driver) survives even this. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself just now.
  }
  if (await within(child.status, KILL_WAIT_MS) === null) child.unref();
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  const { promise: time, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), milliseconds);
  return await Promise.race([promise, time]).finally(() => clearTimeout(timer));
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}
