/**
 * `deno task demo`: a tour with the real trainer on this machine.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { EXIT, messageOf, SleapRtcError } from "../lib/errors.ts";
import { runProgram } from "../lib/run_program.ts";
import { selfCommand } from "../lib/self_command.ts";
import { ModelRegistry } from "../lib/registry.ts";
import { pythonOf } from "../lib/sleap_nn/installation.ts";
import { formatDuration } from "../lib/terminal/formats.ts";
import { writeStdout } from "../lib/terminal/output.ts";
import { endJobs } from "./demo/end_jobs.ts";
import { ensureEngine } from "./engine.ts";

/** A model that has learned nothing is tens of pixels off in a picture of 160 x 160. */
const LEARNED_PIXELS = 4;

const CONFIG = "single_instance.yaml";
/** 128 + 15, as a shell shows an end by SIGTERM. */
const EXIT_TERMINATED = 143;

const Metrics = v.object({ distance_metrics: v.object({ avg: v.number() }) });

async function main(): Promise<number> {
  const began = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-demo-" });
  const stop = new AbortController();
  const stopped = new Promise<number>((resolve) => {
    const end = (exitCode: number) => () => {
      stop.abort();
      resolve(exitCode);
    };
    Deno.addSignalListener("SIGINT", end(EXIT.interruptedByUser));
    Deno.addSignalListener("SIGTERM", end(EXIT_TERMINATED));
  });
  const toured = tour(folder, stop.signal).then(() => {
    say(`\nDone in ${formatDuration((performance.now() - began) / 1000)}.`);
    return EXIT.done;
  }).catch((error) => stop.signal.aborted ? stopped : reportError(error));
  const exitCode = await Promise.race([toured, stopped]);
  if (stop.signal.aborted) say("\nEnding the demo");
  await endJobs(folder);
  await Deno.remove(folder, { recursive: true });
  return exitCode;
}

function reportError(error: unknown): number {
  say(`\nThe demo stopped: ${messageOf(error)}`);
  if (error instanceof SleapRtcError && error.hint) say(`hint: ${error.hint}`);
  return error instanceof SleapRtcError ? error.exitCode : EXIT.failed;
}

/** @param signal aborted: end the command that runs */
async function tour(folder: string, signal: AbortSignal): Promise<void> {
  title("1. The trainer: a real sleap-nn");
  const sleapNn = await ensureEngine(say);

  title("2. A small data set: 60 pictures of one animal, made with sleap-io");
  const data = join(folder, "data");
  await makeData(sleapNn, data);
  say("48 labelled frames in train.pkg.slp, 12 held-out frames in val.pkg.slp");

  title("3. Train: registered before it starts, supervised until it ends");
  const cli = new Cli(folder, sleapNn, signal);
  await Deno.copyFile(
    new URL("./demo/single_instance.yaml", import.meta.url),
    join(folder, CONFIG),
  );
  const train = [
    "train",
    "--local",
    ...["--config", CONFIG],
    ...["--labels", "data/train.pkg.slp", "--val-labels", "data/val.pkg.slp"],
  ];
  say(`In ${folder}:`);
  const first = await cli.train([...train, "--run-name", "first"]);
  const pixels = await heldOutError(folder, first.checkpoint_path);
  say(`\nHeld-out error: ${pixels.toFixed(2)} pixels on average over head, body and tail.`);
  if (pixels > LEARNED_PIXELS) {
    throw new SleapRtcError(`The model did not learn: ${pixels.toFixed(1)} pixels off`);
  }

  title("4. Find it again");
  await cli.run(["list-models"]);
  await cli.run(["model-info", first.id]);

  title("5. Another run name is another model, with an ID of its own");
  const second = await cli.train([...train, "--run-name", "second", "--max-epochs", "1"]);
  if (second.id === first.id) throw new SleapRtcError("Two run names gave the same ID");
  await cli.run(["list-models"]);
}

/** Runs the program as a person would, in the demo's folder and with a home of its own. */
class Cli {
  readonly #folder: string;
  readonly #env: Record<string, string>;
  readonly #signal: AbortSignal;

  constructor(folder: string, sleapNn: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    this.#env = {
      OMP_NUM_THREADS: "1",
      ...Deno.env.toObject(),
      SLEAP_RTC_HOME: join(folder, "home"),
      SLEAP_RTC_SLEAP_NN: sleapNn,
    };
  }

  /** @throws {SleapRtcError} when the command fails */
  async run(args: string[]): Promise<void> {
    say(`\n$ sleap-rtc ${args.join(" ")}`);
    const self = selfCommand(args);
    const { code } = await new Deno.Command(self.command, {
      args: self.args,
      cwd: this.#folder,
      env: this.#env,
      signal: this.#signal,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (code !== 0) throw new SleapRtcError(`"sleap-rtc ${args[0]}" ended with exit code ${code}`);
  }

  /** Train one model; its entry, which is the newest. */
  async train(args: string[]): Promise<{ id: string; checkpoint_path: string }> {
    await this.run(args);
    const registry = await ModelRegistry.open(this.#folder, { create: false });
    const [model] = await registry.list();
    if (!model?.checkpoint_path) throw new SleapRtcError("The training left no model");
    return { id: model.id, checkpoint_path: model.checkpoint_path };
  }
}

async function makeData(sleapNn: string, folder: string): Promise<void> {
  const python = await pythonOf(sleapNn);
  if (python === null) throw new SleapRtcError(`Cannot tell which Python runs "${sleapNn}"`);
  const script = fileURLToPath(new URL("./demo/make_data.py", import.meta.url));
  const made = await runProgram(python, [script, folder]);
  if (made.code !== 0) throw new SleapRtcError(`Cannot make the data set: ${made.stderr}`);
}

/** Mean distance in pixels of the nodes in held-out frames, as sleap-nn's own evaluation found it. */
async function heldOutError(folder: string, checkpointPath: string): Promise<number> {
  const metrics = join(folder, checkpointPath, "..", "metrics.val.0.json");
  return v.parse(Metrics, JSON.parse(await Deno.readTextFile(metrics))).distance_metrics.avg;
}

function title(text: string): void {
  say(`\n${text}\n${"-".repeat(text.length)}`);
}

function say(text: string): void {
  writeStdout(`${text}\n`);
}

Deno.exit(await main());
