/**
 * The evaluation that follows a training in the same process.
 *
 * @module
 */
import { join } from "node:path";
import { traceback } from "../python/failure.ts";
import { dateTime } from "../python/text.ts";
import { VERSION_LINE } from "../version.ts";
import { checkArchive } from "./checkpoint.ts";
import type { Run } from "./context.ts";
import { evaluationLines, metricsOf, resultLines } from "./evaluation_results.ts";
import { writeLabels } from "./labels.ts";
import { zipArchive } from "./zip.ts";

/**
 * Predict and evaluate every split.
 *
 * @throws {TrainerFailure} if best.ckpt can't be loaded, or where the script lets it fail
 */
export async function evaluate(run: Run): Promise<void> {
  const { faults, folder, output, settings } = run;
  for (const index of settings.trainLabels.keys()) {
    output.log(`Run path for index ${index}: ${folder}`);
  }
  await faults.at({ stage: "evaluation" });
  for (const [split, labels] of splitsOf(run)) {
    await run.process.pause();
    predict(run, split, labels);
    score(run, split);
  }
}

function splitsOf({ folder, settings }: Run): [split: string, labels: string][] {
  const own = [...settings.trainLabels.keys()].flatMap((index) =>
    ["train", "val"].map((name): [string, string] => {
      const split = `${name}.${index}`;
      return [split, join(folder, `labels_gt.${split}.slp`)];
    })
  );
  const tests = settings.testLabels.map((path, index): [string, string] => [`test.${index}`, path]);
  return [...own, ...tests];
}

function predict({ folder, output, settings }: Run, split: string, labels: string): void {
  output.log(VERSION_LINE);
  loadBest(join(folder, "best.ckpt"));
  output.log(
    `Loaded inference model | type=${settings.modelType} | backbone=${settings.backbone} | ` +
      `nodes=${settings.nodes.length} | device=cpu | batch_size=4 | peak_threshold=0.2 | ` +
      "max_instances=None | integral_refinement=integral | paf_workers=0",
  );
  output.log(`Starting inference | source=${labels} | frames=1 | videos=1 | tracking=False`);
  output.log(
    "Inference complete | frames=1 | instances=2 (2.00/frame) | elapsed=0.5s | " +
      "throughput=2.0 fps | tracking=False",
  );
  const predictions = join(folder, `labels_pr.${split}.slp`);
  writeLabels(predictions);
  output.log(`Predictions output path: ${predictions}`);
  output.log(`Saved file at: ${dateTime(new Date())}`);
}

function score(run: Run, split: string): void {
  const { folder, output, script, settings } = run;
  const lines = evaluationLines(settings.modelType);
  for (const line of lines.matching) output.log(line);
  if (script.evaluationFails) throw emptyFramePairs();
  for (const line of lines.results) output.log(line);
  const target = join(folder, `metrics.${split}.npz`);
  output.log(`Saving metrics to ${target}...`);
  const metrics = new TextEncoder().encode(JSON.stringify(metricsOf(settings.modelType)));
  Deno.writeFileSync(target, zipArchive([{ name: "metrics.npy", data: metrics }]));
  Deno.writeFileSync(target.replace(/npz$/, "json"), metrics);
  output.log(`Metrics saved successfully to ${target}`);
  for (const line of resultLines(settings.modelType, split)) output.log(line);
}

function loadBest(path: string): void {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch {
    throw traceback([
      '  File "<site-packages>/fsspec/implementations/local.py", line 393, in __init__',
      '  File "<site-packages>/fsspec/implementations/local.py", line 398, in _open',
      `FileNotFoundError: [Errno 2] No such file or directory: '${path}'`,
    ]);
  }
  checkArchive(bytes);
}

function emptyFramePairs(): Error {
  const message = "Empty Frame Pairs. No match found for the video frames";
  return traceback([`Exception: ${message}`], message);
}
