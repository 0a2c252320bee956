import { SleapRtcError } from "../../lib/errors.ts";
import { selfCommand } from "../../lib/self_command.ts";
import { writeStdout } from "../../lib/terminal/output.ts";

/** A machine of the demo. */
export interface Machine {
  /** Where its commands are run. */
  folder: string;
  /** Over this process's environment. */
  env: Record<string, string>;
  /** Shown before its commands; undefined: there is only one machine. */
  name?: string;
}

/** A command that runs until it is ended. */
export interface RunningCommand extends AsyncDisposable {
  /** What it printed when it was ready. */
  firstLine: string;
}

/** Runs the program as a person would. */
export class Cli {
  readonly #machine: Machine;
  readonly #signal: AbortSignal;

  /** @param signal aborted: end what runs */
  constructor(machine: Machine, signal: AbortSignal) {
    this.#machine = machine;
    this.#signal = signal;
  }

  /**
   * Run a command to its end, its output on the terminal.
   *
   * @throws {SleapRtcError} when it fails
   */
  async run(args: string[]): Promise<void> {
    const code = await this.begin(args);
    if (code !== 0) throw new SleapRtcError(`"sleap-rtc ${args[0]}" ended with exit code ${code}`);
  }

  /** Start a command, its output on the terminal; its exit code. */
  begin(args: string[]): Promise<number> {
    this.#show(args);
    return this.#spawn(args, "inherit").status.then(({ code }) => code);
  }

  /**
   * Start a command that goes on, and show what it prints first.
   *
   * @throws {SleapRtcError} when it ends before
   */
  async start(args: string[]): Promise<RunningCommand> {
    this.#show(args);
    const child = this.#spawn(args, "piped");
    const lines = child.stdout.pipeThrough(new TextDecoderStream());
    const reader = lines.getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new SleapRtcError(`"sleap-rtc ${args[0]}" ended before it was ready`);
      text += value;
    }
    const [firstLine = ""] = text.split("\n");
    say(firstLine);
    return { firstLine, [Symbol.asyncDispose]: () => end(child, reader) };
  }

  #spawn(args: string[], stdout: "inherit" | "piped"): Deno.ChildProcess {
    const self = selfCommand(args);
    return new Deno.Command(self.command, {
      args: self.args,
      cwd: this.#machine.folder,
      env: { OMP_NUM_THREADS: "1", ...Deno.env.toObject(), ...this.#machine.env },
      signal: this.#signal,
      stdin: "null",
      stdout,
      stderr: stdout === "piped" ? "null" : "inherit",
    }).spawn();
  }

  #show(args: string[]): void {
    const { name } = this.#machine;
    say(`\n${name === undefined ? "" : `${name} `}$ sleap-rtc ${args.join(" ")}`);
  }
}

/** A line of the demo. */
export function say(text: string): void {
  writeStdout(`${text}\n`);
}

/** The title of a part of the demo. */
export function title(text: string): void {
  say(`\n${text}\n${"-".repeat(text.length)}`);
}

async function end(
  child: Deno.ChildProcess,
  reader: ReadableStreamDefaultReader<string>,
): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended.
  }
  await child.status;
  await reader.cancel().catch(() => {});
}
