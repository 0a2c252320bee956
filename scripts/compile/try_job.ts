/**
 * What a built executable must be able to do besides telling its version: supervise a job, and find
 * the model in the registry. The trainer is a shell script: the program is on trial, not sleap-nn.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { placeholderCheckpoint, placeholderLabels } from "./placeholder_files.ts";
import { runAlone, type RunResult, type TryOutStep } from "./try_out.ts";

const CONFIG = `
model_config:
  backbone_config: { unet: { filters: 8 } }
  head_configs: { centroid: { confmaps: { sigma: 2.0 } } }
trainer_config: { max_epochs: 1 }
`;

const TRAINER = `#!/bin/sh
run=$(dirname "$3")
echo "2026-01-01 00:00:00 | Starting training loop..."
printf 'epoch,train/loss,val/loss\\r\\n0,,0.5\\r\\n' > "$run/training_log.csv"
cp "$(dirname "$0")/best.ckpt" "$run/best.ckpt"
echo "2026-01-01 00:00:01 | Finished training at: 2026-01-01 00:00:01"
`;

const Trained = v.object({
  status: v.literal("succeeded"),
  models: v.tuple([v.object({ id: v.string(), status: v.literal("completed") })]),
});
const Found = v.object({ status: v.literal("completed"), checkpoint_exists: v.literal(true) });

/** Train with the executable, which starts itself again as the supervisor; then find the model. */
export const JOB_STEPS: readonly TryOutStep[] = [
  { name: "one supervised job", run: trySupervisedJob },
  { name: "registry round trip", run: tryRegistry },
];

async function trySupervisedJob(executable: string, folder: string): Promise<string> {
  const trainer = join(folder, "trainer");
  await Deno.mkdir(trainer);
  await Deno.writeTextFile(join(trainer, "sleap-nn"), TRAINER, { mode: 0o755 });
  await Deno.writeFile(join(trainer, "best.ckpt"), placeholderCheckpoint());
  await Deno.writeTextFile(join(folder, "centroid.yaml"), CONFIG);
  await Deno.writeFile(join(folder, "labels.slp"), placeholderLabels());
  const args = [
    "train",
    "--local",
    "--config",
    "centroid.yaml",
    "--labels",
    "labels.slp",
    "--json",
  ];
  const env = { SLEAP_RTC_SLEAP_NN: join(trainer, "sleap-nn") };
  const { models } = parse(Trained, await runAlone(executable, args, folder, env));
  return `model ${models[0].id} completed`;
}

async function tryRegistry(executable: string, folder: string): Promise<string> {
  const list = await runAlone(executable, ["list-models", "--json"], folder);
  const [{ id }] = parse(v.tuple([v.object({ id: v.string() })]), list);
  const info = await runAlone(executable, ["model-info", id.slice(0, 4), "--json"], folder);
  parse(Found, info);
  return `found ${id}, and by its prefix`;
}

function parse<T>(
  schema: v.BaseSchema<unknown, T, v.BaseIssue<unknown>>,
  { code, stdout, stderr }: RunResult,
): T {
  try {
    return v.parse(schema, JSON.parse(stdout));
  } catch (cause) {
    throw new SleapRtcError(
      `The built executable does not do its work: exit code ${code}, "${stdout}", "${stderr}"`,
      { cause },
    );
  }
}
