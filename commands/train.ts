import { join } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { JobView } from "../lib/client/job_view.ts";
import { makeTrainRequest, type TrainRequest } from "../lib/training/train_request.ts";
import { JobNotSucceededError, LeftByUserError, UsageError } from "../lib/errors.ts";
import { type ModelEntry, ModelRegistry } from "../lib/registry.ts";
import { findRegistryRoot } from "../lib/registry/root.ts";
import { findSleapNn, type SleapNn } from "../lib/sleap_nn/executable.ts";
import { formatLoss } from "../lib/terminal/formats.ts";
import { LiveLine } from "../lib/terminal/live_line.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { printable } from "../lib/terminal/printable.ts";
import type { JobResult } from "../worker/job_folder.ts";
import { recoverJobs } from "../worker/recovery.ts";
import { submitLocalJob, type SubmittedJob } from "../worker/submit.ts";
import { watchJob } from "../worker/watch_job.ts";
import { Interruption } from "./shared/interruption.ts";
import {
  collect,
  type Format,
  formatOption,
  jsonOption,
  parseCount,
  parsePositive,
  registryOption,
  sayRegistry,
} from "./shared/options.ts";

/** `train`: register, train and find one or more models. */
export function command(): CommandUnknownOpts {
  return new Command("train")
    .summary("train models")
    .description(
      "Train one or more models. Each is registered before its training starts; the training goes " +
        "on when this command is ended with Ctrl-C.",
    )
    .option(
      "-c, --config <file>",
      "sleap-nn training configuration; repeat it for a pipeline",
      collect,
      [] as string[],
    )
    .option(
      "--labels <file>",
      "labels to train on (.slp, .pkg.slp), instead of the configuration's",
    )
    .option("--val-labels <file>", "labels to validate on, instead of the configuration's")
    .option("-p, --pkg-path <file>", "a .pkg.slp, or a training package (.zip) exported from SLEAP")
    .option("--run-name <name>", "name of this run; part of what the model ID is made from")
    .option("--max-epochs <n>", "total number of epochs", parseCount)
    .option("--batch-size <n>", "samples in a batch", parseCount)
    .option("--learning-rate <x>", "initial learning rate", parsePositive)
    .option("--local", "train on this machine")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  sleap-rtc train --local --config centroid.yaml --labels mice.pkg.slp
  sleap-rtc train --local -c centroid.yaml -c centered_instance.yaml --labels mice.pkg.slp
  sleap-rtc train --local --pkg-path labels.v001.slp.training_job.zip

Exit code: 0 all models completed, 6 the job ended otherwise, 130 left with Ctrl-C.`;

interface Options {
  config: string[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  pkgPath?: string | undefined;
  runName?: string | undefined;
  maxEpochs?: number | undefined;
  batchSize?: number | undefined;
  learningRate?: number | undefined;
  local?: true | undefined;
  registry?: string | undefined;
  format: Format;
  json?: true | undefined;
}

async function run(options: Options): Promise<void> {
  if (!options.local) {
    throw new UsageError("Where to train is not said", {
      hint: "Add --local to train on this machine.",
    });
  }
  if (Deno.build.os === "windows") {
    throw new UsageError(
      "Cannot train on this machine: Windows has no process groups to supervise",
      {
        hint: "Train on a Linux or macOS machine.",
      },
    );
  }
  using interruption = new Interruption();
  const { trainer, request, registry } = await interruption.orLeave(
    prepare(options),
    "Nothing was started",
  );
  const job = await submitLocalJob(registry.root, request, trainer.path);
  await followHere(job, registry, request, interruption, options);
}

interface PreparedTraining {
  trainer: SleapNn;
  request: TrainRequest;
  registry: ModelRegistry;
}

async function prepare(options: Options): Promise<PreparedTraining> {
  const trainer = await findSleapNn();
  const root = await findRegistryRoot({ option: options.registry, createInCwd: true });
  const request = await makeTrainRequest({
    configs: options.config,
    labels: options.labels,
    valLabels: options.valLabels,
    package: options.pkgPath,
    runName: options.runName,
    overrides: {
      ...(options.maxEpochs === undefined ? {} : { max_epochs: options.maxEpochs }),
      ...(options.batchSize === undefined ? {} : { batch_size: options.batchSize }),
      ...(options.learningRate === undefined ? {} : { learning_rate: options.learningRate }),
    },
    uploads: join(root.path, "uploads"),
  });
  sayRegistry(root);
  for (const warning of request.warnings) writeStderr(`warning: ${warning}\n`);
  const registry = await ModelRegistry.open(root.path);
  for (const { jobId, status } of await recoverJobs(registry)) {
    writeStderr(`job ${jobId} had lost its supervisor: booked as ${status}\n`);
  }
  return { trainer, request, registry };
}

async function followHere(
  job: SubmittedJob,
  registry: ModelRegistry,
  request: TrainRequest,
  interruption: Interruption,
  options: Options,
): Promise<void> {
  const view = await watch(job, registry, request, interruption);
  const result = await job.folder.readResult();
  if (result === null) throw leftJob(job, view, options);
  const entries = await entriesOf(result, registry);
  const isJson = options.json || options.format === "json";
  writeStdout(
    isJson
      ? `${
        JSON.stringify({ job_id: result.job_id, status: result.status, models: entries }, null, 2)
      }\n`
      : describeEnd(entries, options),
  );
  if (result.status !== "succeeded") {
    throw new JobNotSucceededError(
      `Job ${result.job_id} ${result.status}${result.error === null ? "" : `: ${result.error}`}`,
      { hint: `The trainer's output: ${job.folder.logPath}` },
    );
  }
}

/** Show the job until it ends or the user leaves with Ctrl-C. */
async function watch(
  job: SubmittedJob,
  registry: ModelRegistry,
  request: TrainRequest,
  interruption: Interruption,
): Promise<JobView> {
  const stop = new AbortController();
  const view = new JobView(request.spec);
  const line = new LiveLine();
  // Who leaves takes the ID of a model along: it is registered in a moment.
  const leaveIfWished = () => {
    const isNamed = view.modelIds.length > 0;
    if (interruption.leftAtOnce.aborted || (interruption.left.aborted && isNamed)) stop.abort();
  };
  const redraw = () => line.update(view.statusLine(Date.now()) ?? "");
  const timer = setInterval(redraw, 1_000);
  interruption.left.addEventListener("abort", leaveIfWished);
  interruption.leftAtOnce.addEventListener("abort", leaveIfWished);
  try {
    line.print(`job ${request.spec.job_id}`);
    for await (const event of watchJob(job.folder, registry, job.supervisor, stop.signal)) {
      for (const text of view.add(event)) line.print(text);
      redraw();
      leaveIfWished();
    }
  } finally {
    clearInterval(timer);
    line.clear();
  }
  return view;
}

function leftJob(job: SubmittedJob, view: JobView, options: Options): LeftByUserError {
  const [id] = view.modelIds.slice(-1);
  const next = id === undefined ? "list-models" : `model-info ${id}`;
  return new LeftByUserError(
    `job ${job.folder.jobId} goes on without this command. Look at it with: ` +
      lookCommand(next, options),
  );
}

/** A command that looks into the same registry, as it is typed. */
function lookCommand(what: string, { registry }: Options): string {
  if (registry === undefined) return `sleap-rtc ${what}`;
  const isPlain = /^[\w@%+=:,./-]+$/.test(registry);
  return `sleap-rtc ${what} --registry ${
    isPlain ? registry : `'${registry.replaceAll("'", `'\\''`)}'`
  }`;
}

async function entriesOf(result: JobResult, registry: ModelRegistry): Promise<ModelEntry[]> {
  const entries = await Promise.all(
    result.models.map(({ model_id }) => model_id === null ? null : registry.get(model_id)),
  );
  return entries.filter((entry) => entry !== null);
}

function describeEnd(entries: readonly ModelEntry[], options: Options): string {
  if (entries.length === 0) return "";
  const models = entries.map((entry) =>
    [
      `${entry.model_type} ${entry.id}`,
      String(entry.status),
      `val loss ${formatLoss(entry.metrics?.["best_val_loss"])}`,
      ...(entry.checkpoint_path ? [entry.checkpoint_path] : []),
    ].map(printable).join("  ")
  );
  const commands = [
    ...entries.map(({ id }) => `  ${lookCommand(`model-info ${id}`, options)}`),
    `  ${lookCommand("list-models", options)}`,
  ];
  return `${[...models, "", "Next:", ...commands].join("\n")}\n`;
}
