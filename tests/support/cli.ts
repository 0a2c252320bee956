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
  kill(signal: Deno.Signal): void;
}

/** Start a command; its home is a folder `home` in `cwd`. */
export function spawnCli(args: string[], options: CliOptions): RunningCli {
  const child = cliCommand(args, options).spawn();
  return {
    pid: child.pid,
    ended: collect(child, options.stdin),
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

async function collect(child: Deno.ChildProcess, stdin?: string): Promise<CliResult> {
  const writing = stdin === undefined ? null : new Response(stdin).body?.pipeTo(child.stdin);
  const [stdout, stderr, { code }] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
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
