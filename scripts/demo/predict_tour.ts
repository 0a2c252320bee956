/**
 * The end of the demo: a model, named by its alias, on a video that it has never seen.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";
import { pythonOf } from "../../lib/sleap_nn/installation.ts";
import { Cli, say, title } from "./cli.ts";
import { makeData } from "./make_data.ts";

/** Alias that the first training of the demo gives its model. */
export const ALIAS = "demo-mouse";
/** A model that has learned nothing is tens of pixels off in a picture of 160 x 160. */
const LEARNED_PIXELS = 4;
const PICTURE = "sleap-rtc-demo.png";

const Score = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    frames: v.number(),
    nodes: v.number(),
    missed: v.number(),
    mean_error: v.number(),
    frame: v.number(),
  }),
);

/**
 * Predict on a new video, compare with the truth, and draw a frame into the folder that the demo was
 * started in.
 *
 * @param folder with the model
 * @param sleapNn absolute path of the trainer
 * @param signal aborted: end the command that runs
 * @throws {SleapRtcError} when the predictions are no good
 */
export async function tourPrediction(
  folder: string,
  sleapNn: string,
  signal: AbortSignal,
): Promise<void> {
  title("8. Predict: name a model, give it a video that it has never seen");
  await makeData(sleapNn, join(folder, "new"), { seed: 7 });
  const env = { SLEAP_RTC_HOME: join(folder, "home"), SLEAP_RTC_SLEAP_NN: sleapNn };
  const cli = new Cli({ folder, env }, signal);
  await cli.run(["track", "--local", "--model", ALIAS, "--data-path", "new/demo.mp4"]);
  const picture = join(Deno.cwd(), PICTURE);
  const score = await scoreOf(sleapNn, [
    join(folder, "demo.predictions.slp"),
    join(folder, "new/demo.slp"),
    picture,
  ]);
  say(
    `\nMean error: ${score.mean_error.toFixed(2)} pixels over ${score.nodes - score.missed} of ` +
      `${score.nodes} nodes in ${score.frames} frames, against the synthetic truth.`,
  );
  say(`Frame ${score.frame} with the predicted skeleton: ${picture}`);
  if (score.mean_error > LEARNED_PIXELS || score.missed > score.nodes / 10) {
    throw new SleapRtcError(`The predictions are ${score.mean_error.toFixed(1)} pixels off`);
  }
}

async function scoreOf(sleapNn: string, paths: string[]): Promise<v.InferOutput<typeof Score>> {
  const python = await pythonOf(sleapNn);
  if (python === null) throw new SleapRtcError(`Cannot tell which Python runs "${sleapNn}"`);
  const script = fileURLToPath(new URL("./score.py", import.meta.url));
  const { code, stdout, stderr } = await runProgram(python, [script, ...paths]);
  if (code !== 0) throw new SleapRtcError(`Cannot compare predictions with the truth: ${stderr}`);
  return v.parse(Score, stdout);
}
