/**
 * The training loop.
 *
 * @module
 */
import { TrainerFailure } from "../python/failure.ts";
import type { Controller, ProgressReporter } from "../zmq/progress.ts";
import { type CheckpointState, loadCheckpoint } from "./checkpoint.ts";
import type { Run } from "./context.ts";
import { Losses } from "./losses.ts";
import { CallbackMetrics, logColumns } from "./metrics.ts";
import { printSummary } from "./model_summary.ts";
import { CheckpointSaver } from "./saver.ts";
import { TrainingLog } from "./training_log.ts";
import { dirname, join } from "node:path";

/** What the loop reports to and obeys. */
export interface Callbacks {
  reporter: ProgressReporter;
  controller: Controller;
}

/**
 * Train until the last epoch, a plateau or a stop command.
 *
 * @throws {TrainerFailure} with exit code 0 after a SIGTERM, else for whatever went wrong
 */
export async function fit(run: Run, callbacks: Callbacks): Promise<void> {
  const resumed = resume(run);
  printSummary(run.output);
  run.output.note(
    "<site-packages>/lightning/pytorch/utilities/_pytree.py:21: " +
      "`isinstance(treespec, LeafSpec)` is deprecated, use " +
      "`isinstance(treespec, TreeSpec) and treespec.is_leaf()` instead.",
  );
  const { maxEpochs } = run.settings;
  const first = run.script.firstEpoch ?? (resumed === null ? 0 : resumed.epoch + 1);
  if (first < maxEpochs) {
    const training = new Training(run, callbacks, resumed);
    if (!await training.run(first)) return;
  }
  run.output.note(`\`Trainer.fit\` stopped: \`max_epochs=${maxEpochs}\` reached.`);
}

function resume({ folder, output, settings }: Run): CheckpointState | null {
  const path = settings.resumePath;
  if (settings.saveCkpt) {
    output.note(
      "<site-packages>/lightning/pytorch/callbacks/model_checkpoint.py:881: " +
        `Checkpoint directory ${folder} exists and is not empty.`,
    );
  }
  if (path === null) return null;
  output.note(`Restoring states from the checkpoint path at ${path}`);
  const state = loadCheckpoint(path, settings.modelType);
  output.note(
    "<site-packages>/lightning/pytorch/callbacks/model_checkpoint.py:566: " +
      `The dirpath has changed from '${dirname(path)}' to '${folder}', therefore ` +
      "`best_model_score`, `kth_best_model_path`, `kth_value`, `last_model_path` and " +
      "`best_k_models` won't be reloaded. Only `best_model_path` will be reloaded.",
  );
  output.note(`Restored all states from the checkpoint at ${path}`);
  return state;
}

class Training {
  readonly #run: Run;
  readonly #callbacks: Callbacks;
  readonly #losses: Losses;
  readonly #metrics: CallbackMetrics;
  readonly #log: TrainingLog;
  readonly #saver: CheckpointSaver;
  #globalStep: number;
  #best = Infinity;
  #epochsWithoutGain = 0;

  constructor(run: Run, callbacks: Callbacks, resumed: CheckpointState | null) {
    this.#run = run;
    this.#callbacks = callbacks;
    this.#losses = new Losses(run.script, run.settings.seed);
    this.#metrics = new CallbackMetrics(run.settings);
    this.#log = new TrainingLog(join(run.folder, "training_log.csv"), logColumns(run.settings));
    this.#saver = new CheckpointSaver(run);
    this.#globalStep = resumed?.globalStep ?? 0;
  }

  /** Train from an epoch on; returns whether the last epoch was reached. */
  async run(first: number): Promise<boolean> {
    const { reporter } = this.#callbacks;
    const { maxEpochs } = this.#run.settings;
    reporter.trainBegin();
    let stopped = false;
    for (let epoch = first; epoch < maxEpochs && !stopped; epoch++) {
      stopped = await this.#epoch(epoch);
    }
    reporter.trainEnd();
    return !stopped;
  }

  async #epoch(epoch: number): Promise<boolean> {
    const { faults, output, settings } = this.#run;
    const started = performance.now();
    this.#callbacks.reporter.epochBegin(epoch);
    const { steps, stopped } = await this.#batches(epoch);
    const loss = this.#validate(epoch);
    if (settings.saveCkpt) this.#log.append(epoch, this.#metrics.values);
    if (settings.progressBar) output.draw(bar(epoch, steps, loss));
    await faults.at({ stage: "save", epoch });
    this.#metrics.epochEnded(this.#losses.training(epoch));
    this.#callbacks.reporter.epochEnd(epoch, this.#metrics.values);
    this.#metrics.trainingEnded({
      loss: this.#losses.training(epoch),
      seconds: Math.max(performance.now() - started, 1) / 1000,
      steps,
    });
    const { modelType, saveCkpt } = settings;
    if (saveCkpt) this.#saver.save({ epoch, globalStep: this.#globalStep, modelType }, loss);
    await faults.at({ stage: "saved", epoch });
    this.#obeySigterm();
    return stopped || this.#reachedPlateau(loss);
  }

  async #batches(epoch: number): Promise<{ steps: number; stopped: boolean }> {
    const { faults, process, script, steps } = this.#run;
    const { reporter, controller } = this.#callbacks;
    for (let batch = 0; batch < steps; batch++) {
      reporter.batchStart(batch);
      await process.pause(script.batchMs);
      await faults.at({ stage: "epoch", epoch, batch });
      this.#globalStep++;
      this.#metrics.batchEnded(this.#losses.batch(epoch, batch, steps));
      const stopped = controller.poll();
      reporter.batchEnd(epoch, batch, this.#metrics.values);
      this.#obeySigterm();
      if (stopped) return { steps: batch + 1, stopped };
    }
    return { steps, stopped: false };
  }

  #validate(epoch: number): number {
    const loss = this.#losses.validation(epoch);
    this.#metrics.validated(epoch, loss, 0.02);
    return loss;
  }

  #obeySigterm(): void {
    if (this.#run.process.sigtermReceived) throw new TrainerFailure([], { exitCode: 0 });
  }

  #reachedPlateau(loss: number): boolean {
    const { earlyStopping } = this.#run.settings;
    if (earlyStopping === null) return false;
    this.#epochsWithoutGain = loss < this.#best - earlyStopping.minDelta
      ? 0
      : this.#epochsWithoutGain + 1;
    if (this.#epochsWithoutGain === 0) this.#best = loss;
    return this.#epochsWithoutGain >= earlyStopping.patience;
  }
}

function bar(epoch: number, steps: number, loss: number): string {
  return `\rEpoch ${epoch}: 100%|██████████| ${steps}/${steps} [00:00<00:00, 22.4it/s, ` +
    `loss=${loss.toPrecision(3)}, val/loss=${loss.toPrecision(3)}]`;
}
