import { resolve } from "node:path";
import { resolvedLines } from "../../lib/client/chosen_models.ts";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import { findDataFile } from "../../lib/prediction/data_file.ts";
import { checkOutputPlace, predictionsName } from "../../lib/prediction/output_place.ts";
import { parsePathMap } from "../../lib/prediction/path_map.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { findRegistryRoot, type RegistryRoot } from "../../lib/registry/root.ts";
import { findSleapNn, type SleapNn } from "../../lib/sleap_nn/executable.ts";
import { inspectData } from "../../lib/sleap_nn/input_data.ts";
import { checkExtraArguments } from "../../lib/sleap_nn/predict_command.ts";
import { pythonOfTrainer } from "../../lib/sleap_nn/trainer_python.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import type { NewJob } from "../../worker/new_job.ts";
import { chooseModels } from "../../worker/prediction/choose_models.ts";
import { predictionRequest } from "../../worker/prediction/prediction_request.ts";
import { submitLocalJob } from "../../worker/submit.ts";
import { detach } from "../shared/detach.ts";
import { followJob } from "../shared/follow_job.ts";
import { leftText } from "../shared/left_text.ts";
import { Interruption } from "../shared/interruption.ts";
import { followLocally } from "../shared/local_job.ts";
import { openLocalRoot, untilSupervised } from "../shared/local_start.ts";
import { isJson } from "../shared/options.ts";
import { type PredictionAsked, predictOptionsOf } from "./options.ts";

/**
 * Predict on this machine, and show it.
 *
 * @throws {JobNotSucceededError} when the job ended otherwise
 * @throws {LeftByUserError} when the user has left
 */
export async function predictHere(asked: PredictionAsked): Promise<void> {
  if (Deno.build.os === "windows") {
    throw new UsageError(
      "Cannot predict on this machine: Windows has no process groups to supervise",
      { hint: "Predict on a Linux or macOS machine." },
    );
  }
  using interruption = new Interruption();
  const { trainer, request, registry } = await interruption.orLeave(
    prepare(asked),
    "Nothing was started",
  );
  const { folder, supervisor } = await submitLocalJob(registry.root, request, trainer.path);
  const job = followLocally(folder, registry, asked.registry, supervisor);
  await interruption.orLeaveAtOnce(untilSupervised({ folder, supervisor }), leftText(job));
  if (asked.detach) return detach(job, isJson(asked));
  await followJob(job, { interruption, isJson: isJson(asked) });
}

/** A new root is of use only for models that are named by their path. */
async function rootOf({ model: [model], registry }: PredictionAsked): Promise<RegistryRoot> {
  const root = await findRegistryRoot({ option: registry, createInCwd: true });
  if (root.found !== "new" || model === undefined) return root;
  throw new NotFoundError(`No model "${model}": there is no registry here, nor in a folder above`, {
    hint: "Name one with --registry DIR, or leave --local out to predict on a worker.",
  });
}

interface Prepared {
  trainer: SleapNn;
  request: NewJob;
  registry: ModelRegistry;
}

async function prepare(asked: PredictionAsked): Promise<Prepared> {
  checkExtraArguments(asked.extra);
  const pathMap = parsePathMap(asked.pathMap);
  const data = await findDataFile(asked.dataPath);
  if (!("here" in data)) {
    throw new NotFoundError(`Cannot read "${asked.dataPath}": there is no such file`, {
      hint: "Name a video or labels file with --data-path.",
    });
  }
  const dataPath = data.here;
  const overwrite = asked.force ?? false;
  const outputPath = await checkOutputPlace(
    asked.output ?? predictionsName(asked.dataPath),
    { overwrite },
  );
  const trainer = await findSleapNn();
  const registry = await openLocalRoot(await rootOf(asked));
  const allowInterrupted = asked.allowInterrupted ?? false;
  const chosen = await chooseModels(registry, {
    models: asked.model,
    modelPaths: asked.checkpoint.map((path) => resolve(path)),
    allowInterrupted,
    extra: asked.extra,
  });
  for (const line of resolvedLines(chosen)) writeStderr(`${printable(line)}\n`);
  const python = await pythonOfTrainer(trainer);
  const request = await predictionRequest({
    predictors: chosen.models,
    dataPath,
    outputPath,
    overwrite,
    pathMap,
    options: predictOptionsOf(asked),
    baseDir: Deno.cwd(),
    allowInterrupted,
  }, { root: registry.root, inspect: (path, options) => inspectData(python, path, options) });
  return { trainer, request, registry };
}
