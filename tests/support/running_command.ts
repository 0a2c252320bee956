/**
 * Commands that run until they are ended, for tests: `serve`, `worker`.
 *
 * @module
 */
import { cliCommand, type CliOptions } from "./cli.ts";

/** A running command; ended when disposed of. */
export class RunningCommand implements AsyncDisposable {
  /** Its process. */
  readonly pid: number;
  /** The first line on stdout: it is ready. */
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
    this.pid = child.pid;
    this.firstLine = firstLine;
    this.#rest = rest;
    this.#stderr = stderr;
  }

  /** Start `serve` on a free port, unless `args` name one. */
  static async serve(args: string[], options: CliOptions): Promise<RunningCommand> {
    const port = args.includes("--port") ? [] : ["--port", "0"];
    return await RunningCommand.start(["serve", ...port, ...args], options);
  }

  /**
   * Start it and wait for its first line.
   *
   * @throws {Error} with what it says when it ends before
   */
  static async start(args: string[], options: CliOptions): Promise<RunningCommand> {
    const child = cliCommand(args, options).spawn();
    const stderr = new Response(child.stderr).text();
    const lines = linesOf(child.stdout);
    const { value } = await lines.next();
    if (value === undefined) {
      await child.status;
      throw new Error(`${args[0]} ended: ${await stderr}`);
    }
    return new RunningCommand(child, value, joined(lines), stderr);
  }

  /** `http(s)://host:port` of the link that `serve` prints. */
  get url(): string {
    return new URL(this.firstLine).origin;
  }

  /** End it. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<CommandEnd> {
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
export interface CommandEnd {
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
