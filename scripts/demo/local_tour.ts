/**
 * The demo on one machine.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { Cli, say, title } from "./cli.ts";
import { tourCrash } from "./crash_tour.ts";
import { INPUTS } from "./inputs.ts";
import { ALIAS } from "./predict_tour.ts";

/** A model that has learned nothing is tens of pixels off in a picture of 160 x 160. */
const LEARNED_PIXELS = 4;

const Metrics = v.object({ distance_metrics: v.object({ avg: v.number() }) });

/**
 * Train on this machine until it has visibly learned, and find the model again.
 *
 * @param folder with the demo's data and configuration
 * @param sleapNn absolute path of the trainer
 * @param signal aborted: end the command that runs
 */
export async function tourOneMachine(
  folder: string,
  sleapNn: string,
  signal: AbortSignal,
): Promise<void> {
  const env = { SLEAP_RTC_HOME: join(folder, "home"), SLEAP_RTC_SLEAP_NN: sleapNn };
  const cli = new Cli({ folder, env }, signal);

  title("3. Train: registered before it starts, supervised until it ends");
  say(`In ${folder}:`);
  await cli.run(["train", "--local", ...INPUTS, "--run-name", "first", "--alias", ALIAS]);
  const first = await newestModel(folder);
  const pixels = await heldOutError(folder, first.checkpoint_path);
  say(`\nHeld-out error: ${pixels.toFixed(2)} pixels on average over head, body and tail.`);
  if (pixels > LEARNED_PIXELS) {
    throw new SleapRtcError(`The model did not learn: ${pixels.toFixed(1)} pixels off`);
  }

  title("4. Find it again");
  await cli.run(["list-models"]);
  await cli.run(["model-info", first.id]);

  title("5. Another run name is another model, with an ID of its own");
  await cli.run(["train", "--local", ...INPUTS, "--run-name", "second", "--max-epochs", "1"]);
  if ((await newestModel(folder)).id === first.id) {
    throw new SleapRtcError("Two run names gave the same ID");
  }
  await cli.run(["list-models"]);
  await tourCrash(folder, cli, signal);
}

async function newestModel(root: string): Promise<{ id: string; checkpoint_path: string }> {
  const registry = await ModelRegistry.open(root, { create: false });
  const [model] = await registry.list();
  if (!model?.checkpoint_path) throw new SleapRtcError("The training left no model");
  return { id: model.id, checkpoint_path: model.checkpoint_path };
}

/** Mean distance in pixels of the nodes in held-out frames, as sleap-nn's own evaluation found it. */
async function heldOutError(folder: string, checkpointPath: string): Promise<number> {
  const metrics = join(folder, checkpointPath, "..", "metrics.val.0.json");
  return v.parse(Metrics, JSON.parse(await Deno.readTextFile(metrics))).distance_metrics.avg;
}
