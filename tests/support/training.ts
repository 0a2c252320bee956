/**
 * A folder with all that `train --local` needs: a stand-in trainer, labels and configurations.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelEntry } from "../../lib/registry.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { JobFolder, type JobState } from "../../worker/job_folder.ts";
import { endLostTrainer, endProcessGroup } from "../../worker/host/process_group.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { type CliResult, runCli, type RunningCli, spawnCli } from "./cli.ts";
import { makeLabels, makeStandIn, setStandInScript, type StandInScript } from "./stand_in.ts";

/** Text of a small training configuration. */
export function configText(modelType = "centroid", epochs = 3, extra = ""): string {
  return `
data_config:
  train_labels_path: null
  val_labels_path: null
model_config:
  backbone_config:
    unet: { filters: 8, max_stride: 8, output_stride: 4 }
  head_configs:
    ${modelType}:
      confmaps: { anchor_part: null, sigma: 2.0, output_stride: 4 }
trainer_config:
  max_epochs: ${epochs}
  train_data_loader: { batch_size: 4 }
  optimizer: { lr: 0.001 }
  trainer_accelerator: cpu
${extra}`;
}

/** A training whose trainer waits. */
export interface PausedTraining {
  training: RunningCli;
  /** Let the trainer go on. */
  goOn(): Promise<void>;
}

/** The folder and what is in it; removed at the end of its scope. */
export class TrainingWorld {
  /** The registry root, and where commands are run. */
  readonly folder: string;
  readonly trainer: string;
  readonly labels: string;
  readonly config: string;

  private constructor(folder: string, trainer: string) {
    this.folder = folder;
    this.trainer = trainer;
    this.labels = join(folder, "mice.pkg.slp");
    this.config = join(folder, "centroid.yaml");
  }

  /** Make the folder. */
  static async create(script: StandInScript = {}): Promise<TrainingWorld> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    await Deno.mkdir(join(folder, "trainer"));
    const world = new TrainingWorld(folder, await makeStandIn(join(folder, "trainer"), script));
    makeLabels(world.labels);
    await Deno.writeTextFile(world.config, configText());
    return world;
  }

  /** Change what the trainer does from its next start on. */
  async setScript(script: StandInScript): Promise<void> {
    await setStandInScript(this.trainer, script);
  }

  /** Absolute path of a file in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Write another configuration; its path. */
  async writeConfig(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.path(name), text);
    return this.path(name);
  }

  /** Run a command in the folder to its end. */
  async cli(args: string[], env: Record<string, string> = {}): Promise<CliResult> {
    return await runCli(args, { cwd: this.folder, env: this.#env(env) });
  }

  /** Begin to run a command in the folder. */
  start(args: string[]): RunningCli {
    return spawnCli(args, { cwd: this.folder, env: this.#env({}) });
  }

  /** Train the folder's configuration to the end. */
  async train(args: string[] = [], env: Record<string, string> = {}): Promise<CliResult> {
    return await this.cli([...this.#trainArgs, ...args], env);
  }

  /** Begin to train the folder's configuration. */
  startTrain(args: string[] = [], env: Record<string, string> = {}): RunningCli {
    return spawnCli([...this.#trainArgs, ...args], { cwd: this.folder, env: this.#env(env) });
  }

  /** Begin to train the folder's configuration; the trainer waits in its second epoch. */
  async startPaused(args: string[] = []): Promise<PausedTraining> {
    const reached = this.path("reached");
    const go = this.path("go");
    await this.setScript({
      touchFileAt: { epoch: 1, file: reached },
      waitForFileAt: { epoch: 1, file: go },
    });
    const training = this.startTrain(args);
    await fileExists(reached);
    return { training, goOn: () => Deno.writeTextFile(go, "") };
  }

  /** The folder's registry. */
  async registry(): Promise<ModelRegistry> {
    return await ModelRegistry.open(this.folder, { create: false });
  }

  /** The only model. */
  async model(): Promise<ModelEntry> {
    const [entry, ...others] = await (await this.registry()).list();
    if (entry === undefined || others.length > 0) throw new Error("not exactly one model");
    return entry;
  }

  /** The only job. */
  async job(): Promise<JobFolder> {
    const [job, ...others] = await JobFolder.list(this.folder);
    if (job === undefined || others.length > 0) throw new Error("not exactly one job");
    return job;
  }

  /** State of the only job. */
  async jobState(): Promise<JobState> {
    return await (await this.job()).readState();
  }

  /** Ends what a failed test left running, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of await JobFolder.list(this.folder)) {
      const state = await job.readState().catch(() => null);
      const supervisor = state?.supervisor;
      if (supervisor && await isAlive(supervisor)) await endProcessGroup(supervisor.pid, 0);
      await endLostTrainer({ jobFolder: job.path, leader: state?.trainer ?? null }, 0);
    }
    await Deno.remove(this.folder, { recursive: true });
  }

  get #trainArgs(): string[] {
    return ["train", "--local", "--config", this.config, "--labels", this.labels];
  }

  #env(env: Record<string, string>): Record<string, string> {
    return { SLEAP_RTC_SLEAP_NN: this.trainer, ...env };
  }
}

/** Resolves when a file exists. */
export async function fileExists(path: string): Promise<void> {
  while (true) {
    try {
      await Deno.stat(path);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
