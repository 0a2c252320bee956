/**
 * `deno task compile [--output FILE] [--launcher]`: build the one executable, say which kind it is,
 * and run it.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EXIT, messageOf, SleapRtcError, UsageError } from "../lib/errors.ts";
import { PERMISSION_FLAGS } from "../lib/self_command.ts";
import { type Denort, findDenort } from "./compile/denort.ts";
import { buildLauncher } from "./compile/launcher.ts";
import { JOB_STEPS } from "./compile/try_job.ts";
import { tryOut, VERSION_STEP } from "./compile/try_out.ts";

const ENTRY = fileURLToPath(new URL("../main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));
const WINDOWS = Deno.build.os === "windows";

const USAGE = `Usage: deno task compile [--output FILE] [--launcher]

Builds sleap-rtc as one executable and runs it. With denort (DENORT_BIN, cache or network) this is
what deno compile makes, else a launcher: a shell script that carries the Deno runtime (not on Windows).

  --output FILE  where to write it (default: dist/sleap-rtc)
  --launcher     build the launcher even where denort can be had
  --help         show this text
`;

interface Options {
  output: string;
  launcher: boolean;
}

async function build({ output, launcher }: Options): Promise<void> {
  const denort: Denort = launcher
    ? { usable: false, reason: "--launcher was given" }
    : await findDenort();
  if (denort.usable) {
    await compile(output);
    await announce(output, `compiled executable (denort from ${denort.source})`);
  } else if (WINDOWS) {
    throw new SleapRtcError(`Cannot compile: ${denort.reason}`, {
      hint: "The launcher is a shell script and does not run on Windows: connect to the network, " +
        `or set DENORT_BIN to denort ${Deno.version.deno}`,
    });
  } else {
    await buildLauncher({ entry: ENTRY, config: CONFIG, output });
    await announce(output, `launcher with Deno ${Deno.version.deno} (${why(denort.reason)})`);
  }
  await tryOut(output, [VERSION_STEP, ...JOB_STEPS], (line) => print(`ran ${line}`));
}

async function compile(output: string): Promise<void> {
  await Deno.mkdir(dirname(output), { recursive: true });
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...PERMISSION_FLAGS, "--config", CONFIG, "--output", output, ENTRY],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new SleapRtcError(`Cannot compile "${ENTRY}": "deno compile" failed`);
}

function why(reason: string): string {
  return reason.startsWith("--") ? reason : `no denort: ${reason}`;
}

async function announce(output: string, kind: string): Promise<void> {
  const { size } = await Deno.stat(output);
  print(`built ${output}: ${kind}, ${(size / 2 ** 20).toFixed(1)} MiB`);
}

/** The options, or nothing when help was asked for. */
function parse(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      output: { type: "string", default: WINDOWS ? "dist/sleap-rtc.exe" : "dist/sleap-rtc" },
      launcher: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values.help ? undefined : { output: resolve(values.output), launcher: values.launcher };
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function main(): Promise<number> {
  try {
    const options = parseOrRefuse(Deno.args);
    if (options === undefined) print(USAGE.trimEnd());
    else await build(options);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof SleapRtcError)) throw error;
    const hint = error.hint === undefined ? "" : `hint: ${error.hint}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${error.message}\n${hint}`));
    return error.exitCode;
  }
}

function parseOrRefuse(args: string[]): Options | undefined {
  try {
    return parse(args);
  } catch (error) {
    throw new UsageError(messageOf(error), { hint: "deno task compile --help", cause: error });
  }
}

if (import.meta.main) Deno.exit(await main());
