/**
 * Running pip, with its many lines condensed to what a person wants to see.
 *
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { SleapRtcError } from "../../lib/errors.ts";

/** Downloads of at least this size take long, in MB. */
const LARGE_DOWNLOAD_MB = 20;

/** Ends pip when this process ends in any way, so that no orphan writes into the next attempt. */
const PIP_WITH_PARENT = `
import os, runpy, threading

def end_with_parent():
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`;

/** A step of an installation. */
export interface Step {
  text: string;
  /** Over in a moment: worth showing only where the next one replaces it. */
  brief: boolean;
}

/** Options of {@linkcode pipInstall}. */
export interface PipOptions {
  env: Record<string, string>;
  /** File that gets all of pip's output. */
  log: string;
  /** Called at each step. */
  onStep: (step: Step) => void;
}

/**
 * Install `requirements` into the virtual environment of `python`.
 *
 * @throws {SleapRtcError} with pip's own error when it fails
 */
export async function pipInstall(
  python: string,
  requirements: string[],
  options: PipOptions,
): Promise<void> {
  const args = ["install", "--no-input", "--progress-bar", "off", ...requirements];
  await using child = new Deno.Command(python, {
    args: ["-P", "-c", PIP_WITH_PARENT, ...args],
    env: options.env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  using log = await Deno.open(options.log, { write: true, create: true, truncate: true });
  const errors: string[] = [];
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const line of createInterface({ input: Readable.fromWeb(stream) })) {
      await log.write(new TextEncoder().encode(`${line}\n`));
      if (line.startsWith("ERROR: ")) errors.push(line.slice("ERROR: ".length));
      const step = stepOf(line);
      if (step !== null) options.onStep(step);
    }
  };
  const [status] = await Promise.all([child.status, follow(child.stdout), follow(child.stderr)]);
  await child.stdin.close().catch(() => {});
  if (status.success) return;
  throw new SleapRtcError(`Cannot install sleap-nn: ${reasonOf(errors, status.code)}`, {
    hint: "Check the network, the proxy and the free disk space (3 GB, with CUDA 8 GB), " +
      `and run \`deno task engine\` again. All that pip said is in "${options.log}".`,
  });
}

/** The step that a line of pip's output announces; null for all the others. */
export function stepOf(line: string): Step | null {
  const retry = /^WARNING: Retrying \(Retry\(total=(\d+)/.exec(line);
  if (retry !== null) {
    return { text: `no connection to the package index, ${retry[1]} more attempts`, brief: true };
  }
  const collecting = /^(?:Collecting|Processing) (\S+)/.exec(line)?.[1];
  if (collecting !== undefined) return { text: `looking at ${nameOf(collecting)}`, brief: true };
  const download = /^\s*Downloading (\S+) \(([\d.]+) (MB|GB)\)/.exec(line);
  if (download !== null) {
    const [, file = "", size = "", unit = ""] = download;
    const brief = unit === "MB" && Number(size) < LARGE_DOWNLOAD_MB;
    return { text: `downloading ${nameOf(file)} (${size} ${unit})`, brief };
  }
  const packages = /^Installing collected packages: (.*)$/.exec(line)?.[1];
  if (packages === undefined) return null;
  return {
    text: `unpacking ${packages.split(", ").length} packages, about a minute`,
    brief: false,
  };
}

function nameOf(file: string): string {
  return (file.split("/").at(-1) ?? file).split("-cp")[0]?.split("-py")[0] ?? file;
}

function reasonOf(errors: string[], code: number): string {
  const nothing = errors.map((error) =>
    /requirement (\S+) .*\(from versions: none\)/.exec(error)?.[1]
  ).find((name) => name !== undefined);
  if (nothing !== undefined) return `the package index cannot be reached or has no ${nothing}`;
  return errors.at(-1) ?? `pip ended with exit code ${code}`;
}
