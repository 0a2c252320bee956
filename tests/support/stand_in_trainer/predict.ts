/**
 * `sleap-nn predict --gui` and `track --gui`: the recorded lines, and a file that says what it was
 * made of.
 *
 * @module
 */
import { join } from "node:path";
import type { PredictArguments } from "./command_line.ts";
import { Faults } from "./faults.ts";
import { Output } from "./output.ts";
import { TrainerProcess } from "./process.ts";
import { asTrainerFailure, traceback, type TrainerFailure } from "./python/failure.ts";
import type { StandInScript } from "./script.ts";

const BATCH = 4;
const RATE = 8.5;
const CONFIGS = ["training_config.yaml", "training_config.json"];

/** Predict as the script says. Does not return. */
export async function predict(script: StandInScript, args: PredictArguments): Promise<never> {
  const output = new Output(script.silent ?? false);
  const process = new TrainerProcess(script, output);
  try {
    await run(script, args, output, process);
  } catch (error) {
    await fail(asTrainerFailure(error), args, output, process);
  }
  await process.exit(0);
  throw new Error("unreachable");
}

async function run(
  script: StandInScript,
  args: PredictArguments,
  output: Output,
  process: TrainerProcess,
): Promise<void> {
  const faults = new Faults(script, process);
  await process.pause(script.startupMs);
  await faults.at({ stage: "load" });
  const models = args.modelPaths.map(readModel);
  if (!isFile(args.dataPath)) {
    const what = `Could not read ${args.dataPath} with OpenCV or PyAV: it reports no frames.`;
    throw traceback([`ValueError: ${what}`]);
  }
  const frames = script.frames ?? 10;
  output.note(`Loaded inference model | type=stand-in | models=${models.length}`);
  for (let done = 0; done < frames;) {
    await faults.at({ stage: "frames", batch: done / BATCH });
    await process.pause(script.batchMs);
    done = Math.min(frames, done + BATCH);
    report(output, done, frames);
  }
  if (args.tracking) { for (const done of [1, frames]) report(output, done, frames); }
  if (!script.exitZeroWithoutPredictions) await write(args, { models, frames }, faults);
  await faults.at({ stage: "exit" });
}

function report(output: Output, done: number, total: number): void {
  const eta = ((total - done) / RATE).toFixed(1);
  const figures = `"n_processed": ${done}, "n_total": ${total}, "rate": ${RATE}, "eta": ${eta}`;
  output.print(`{${figures}}`);
}

/** The same models and data give the same file. */
async function write(
  args: PredictArguments,
  made: { models: string[]; frames: number },
  faults: Faults,
): Promise<void> {
  const { size } = await Deno.stat(args.dataPath);
  const text = JSON.stringify({ data: size, ...made, tracking: args.tracking });
  using file = await Deno.open(args.outputPath, { write: true, create: true, truncate: true });
  const bytes = new TextEncoder().encode(`${text}${" ".repeat(20_000)}\n`);
  const half = bytes.length / 2;
  await writeAll(file, bytes.subarray(0, half));
  await faults.at({ stage: "half" });
  await writeAll(file, bytes.subarray(half));
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let left = bytes; left.length > 0;) left = left.subarray(await file.write(left));
}

/** The contents of a model's checkpoint. */
function readModel(folder: string): string {
  if (!CONFIGS.some((name) => isFile(join(folder, name)))) {
    const what = `No training_config.yaml or training_config.json in ${folder}`;
    throw traceback([`FileNotFoundError: ${what}`]);
  }
  return Deno.readTextFileSync(join(folder, "best.ckpt"));
}

/** Only `predict` tells of its error in JSON, on stdout. */
async function fail(
  failure: TrainerFailure,
  { command }: PredictArguments,
  output: Output,
  process: TrainerProcess,
): Promise<never> {
  for (const line of failure.stderr) output.note(line);
  const [, type, message] = /^(\w+): (.*)$/.exec(failure.stderr.at(-1) ?? "") ?? [];
  if (command === "predict" && type !== undefined) {
    output.print(JSON.stringify({ error: true, type, message }));
  }
  return await process.exit(failure.exitCode);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
