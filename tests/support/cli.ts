/**
 * Running the real command line from tests.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How a command ended. */
export interface CliResult {
  /** Exit code, 128 + n for signal n. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@linkcode runCli}. */
export interface CliOptions {
  cwd: string;
  /** Over the tests' own environment, whose `SLEAP_RTC_*` variables are left out. */
  env?: Record<string, string>;
  stdin?: string;
  /** A Python in whose pseudo-terminal it runs; stdout and stderr are then one. */
  terminalOf?: string;
  /** Width of that terminal. @default {not known} */
  columns?: number;
}

const IN_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
const WITH_COLUMNS = ["sh", "-c", 'stty cols "$1" rows 40; shift; exec "$@"', "sh"];

/** A command that runs. */
export interface RunningCli {
  pid: number;
  ended: Promise<CliResult>;
  /** Resolves once its stderr says so; rejected where it ends before. */
  says(text: RegExp): Promise<void>;
  kill(signal: Deno.Signal): void;
}

/** Start a command; its home is a folder `home` in `cwd`. */
export function spawnCli(args: string[], options: CliOptions): RunningCli {
  const child = cliCommand(args, options).spawn();
  const stderr = new GrowingText(child.stderr);
  return {
    pid: child.pid,
    ended: collect(child, stderr, options.stdin),
    says: (text) => stderr.matches(text),
    kill: (signal) => child.kill(signal),
  };
}

/** A command as {@linkcode spawnCli} starts it, with its streams. */
export function cliCommand(args: string[], options: CliOptions): Deno.Command {
  const deno = Deno.execPath();
  const run = ["run", "-A", "--config", join(ROOT, "deno.json"), join(ROOT, "main.ts"), ...args];
  const python = options.terminalOf;
  const sized = options.columns === undefined ? [] : [...WITH_COLUMNS, String(options.columns)];
  return new Deno.Command(python ?? deno, {
    args: python === undefined ? run : ["-c", IN_TERMINAL, ...sized, deno, ...run],
    cwd: options.cwd,
    env: { ...cleanEnvironment(), SLEAP_RTC_HOME: join(options.cwd, "home"), ...options.env },
    clearEnv: true,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

/** What a running command says up to a text; the rest is left unread. */
export async function saidUntil(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  text: string,
): Promise<string> {
  let said = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    said += part;
    if (said.includes(text)) break;
  }
  return said;
}

/** Run a command to its end. */
export async function runCli(args: string[], options: CliOptions): Promise<CliResult> {
  return await spawnCli(args, options).ended;
}

/** The text of a stream, as far as it has come. */
class GrowingText {
  /** The whole of it. */
  readonly whole: Promise<string>;
  #text = "";
  #hasEnded = false;
  readonly #listeners = new Set<() => void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.whole = this.#read(stream);
  }

  matches(pattern: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      const isThere = pattern.test(this.#text);
      if (!isThere && !this.#hasEnded) return;
      this.#listeners.delete(look);
      if (isThere) resolve();
      else reject(new Error(`it never said ${pattern}: ${this.#text}`));
    };
    this.#listeners.add(look);
    look();
    return promise;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      this.#text += part;
      this.#tell();
    }
    this.#hasEnded = true;
    this.#tell();
    return this.#text;
  }

  #tell(): void {
    for (const look of this.#listeners) look();
  }
}

async function collect(
  child: Deno.ChildProcess,
  errors: GrowingText,
  stdin?: string,
): Promise<CliResult> {
  const writing = stdin === undefined ? null : new Response(stdin).body?.pipeTo(child.stdin);
  const [stdout, stderr, { code }] = await Promise.all([
    new Response(child.stdout).text(),
    errors.whole,
    child.status,
    writing,
  ]);
  return { code, stdout, stderr };
}

function cleanEnvironment(): Record<string, string> {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !name.startsWith("SLEAP_RTC_")
  );
  return { ...Object.fromEntries(own), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
}
