/**
 * A `serve` process for tests.
 *
 * @module
 */
import { cliCommand, type CliOptions } from "./cli.ts";

/** A running `sleap-rtc serve`; ended when disposed of. */
export class RunningServer implements AsyncDisposable {
  /** The first line on stdout: the join link, or how to get one. */
  readonly firstLine: string;
  readonly #child: Deno.ChildProcess;
  readonly #rest: Promise<string>;
  readonly #stderr: Promise<string>;

  private constructor(
    child: Deno.ChildProcess,
    firstLine: string,
    rest: Promise<string>,
    stderr: Promise<string>,
  ) {
    this.#child = child;
    this.firstLine = firstLine;
    this.#rest = rest;
    this.#stderr = stderr;
  }

  /** Start it and wait for its first line; by default on a free port. */
  static async start(args: string[], options: CliOptions): Promise<RunningServer> {
    const port = args.includes("--port") ? [] : ["--port", "0"];
    const child = cliCommand(["serve", ...port, ...args], options).spawn();
    const stderr = new Response(child.stderr).text();
    const lines = linesOf(child.stdout);
    const { value } = await lines.next();
    if (value === undefined) {
      await child.status;
      throw new Error(`serve ended: ${await stderr}`);
    }
    return new RunningServer(child, value, joined(lines), stderr);
  }

  /** `http(s)://host:port` of its link. */
  get url(): string {
    return new URL(this.firstLine).origin;
  }

  /** End it. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ServerResult> {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
    const [{ code }, rest, stderr] = await Promise.all([
      this.#child.status,
      this.#rest,
      this.#stderr,
    ]);
    return { code, stdout: `${this.firstLine}\n${rest}`, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

/** How it ended. */
export interface ServerResult {
  code: number;
  stdout: string;
  stderr: string;
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
  if (text !== "") yield text;
}

async function joined(lines: AsyncGenerator<string>): Promise<string> {
  let text = "";
  for await (const line of lines) text += `${line}\n`;
  return text;
}
