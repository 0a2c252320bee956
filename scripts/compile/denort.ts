/**
 * Can `deno compile` make real executables here? It needs `denort`, the runtime without the tools,
 * which it takes from `DENORT_BIN`, its cache or the network.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf, UsageError } from "../../lib/errors.ts";

/** Whether `deno compile` works: from where, or why not. */
export type Denort =
  | { usable: true; source: string }
  | { usable: false; reason: string };

/** Options of {@linkcode findDenort}. */
export interface FindDenortOptions {
  /**
   * How long the download server may take to answer, in milliseconds.
   * @default {5000}
   */
  answerLimitMs?: number;
}

const DOWNLOAD_LIMIT_MS = 180_000;
const RUN_LIMIT_MS = 20_000;

/**
 * Find out by compiling and running a probe program: a wrong `DENORT_BIN`, e.g. the ordinary `deno`,
 * compiles without an error, but what comes out is not the program.
 *
 * @throws {UsageError} when `DENORT_BIN` is set and is not the `denort` of this Deno version
 */
export async function findDenort(options: FindDenortOptions = {}): Promise<Denort> {
  const named = Deno.env.get("DENORT_BIN");
  const problem = await probe(options.answerLimitMs ?? 5_000);
  if (problem === undefined) {
    return { usable: true, source: named === undefined ? "cache or network" : "DENORT_BIN" };
  }
  if (named === undefined) return { usable: false, reason: problem };
  throw new UsageError(
    `Cannot use DENORT_BIN "${named}" as denort ${Deno.version.deno}: ${problem}`,
    { hint: "Set DENORT_BIN to the denort of this Deno version, or unset it" },
  );
}

/** What is wrong with the compiled probe, in one line; nothing when it is right. */
async function probe(answerLimitMs: number): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-denort-" });
  try {
    const nonce = crypto.randomUUID();
    const source = join(folder, "probe.ts");
    const executable = join(folder, Deno.build.os === "windows" ? "probe.exe" : "probe");
    await Deno.writeTextFile(
      source,
      `console.log([Deno.args[0], Deno.build.standalone, Deno.version.deno].join(" "));`,
    );
    const problem = await compileProbe(source, executable, answerLimitMs);
    if (problem !== undefined) return problem;
    const printed = await runProbe(executable, nonce);
    const wanted = `${nonce} true ${Deno.version.deno}`;
    return printed === wanted ? undefined : "the probe compiled with it is not the probe program";
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compileProbe(
  source: string,
  executable: string,
  answerLimitMs: number,
): Promise<string | undefined> {
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(`no denort within ${DOWNLOAD_LIMIT_MS / 1000} s`),
    DOWNLOAD_LIMIT_MS,
  );
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["compile", "--no-check", "--no-config", "--no-lock", "-o", executable, source],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: limit.signal,
    }).spawn();
    const said = await readWatchingDownload(child.stderr, limit, answerLimitMs);
    const { success } = await child.status;
    if (limit.signal.aborted) return String(limit.signal.reason);
    return success ? undefined : reasonIn(said);
  } finally {
    clearTimeout(timer);
  }
}

/** Deno waits minutes for a server that does not answer: ask it once ourselves. */
async function readWatchingDownload(
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: AbortController,
  answerLimitMs: number,
): Promise<string> {
  let said = "";
  let asked: Promise<void> | undefined;
  const ended = new AbortController();
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    const url = /^Download (https:\S+)$/m.exec(said)?.[1];
    if (url !== undefined) asked ??= abortUnlessAnswered(url, limit, answerLimitMs, ended.signal);
  }
  ended.abort();
  await asked;
  return said;
}

async function abortUnlessAnswered(
  url: string,
  limit: AbortController,
  answerLimitMs: number,
  ended: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(answerLimitMs);
  try {
    const signal = AbortSignal.any([ended, timeout]);
    const response = await fetch(url, { method: "HEAD", signal });
    await response.body?.cancel();
  } catch {
    // Deno meets any other error as quickly and words it better.
    if (timeout.aborted && !ended.aborted) {
      limit.abort(`no answer from ${url} within ${answerLimitMs / 1000} s`);
    }
  }
}

async function runProbe(executable: string, nonce: string): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(executable, {
      args: [nonce],
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(RUN_LIMIT_MS),
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    return messageOf(error);
  }
}

/** The most telling line of what Deno says: a cause that names an error, the last cause, the error. */
function reasonIn(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const reason = lines.find((line) => /^\d+: (error|Could not)/.test(line)) ??
    lines.findLast((line) => /^\d+: [^<]/.test(line)) ??
    lines.find((line) => line.startsWith("error:")) ?? lines.join(" ");
  return reason.replace(/^(\d+|error): /, "");
}
