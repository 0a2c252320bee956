/**
 * A folder with a stand-in trainer, labels and a configuration, for one test.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { makeLabels, makeStandIn, setStandInScript, type StandInScript } from "./stand_in.ts";

/** A trainer that ended. */
export interface EndedRun {
  code: number;
  signal: Deno.Signal | null;
  /** Lines of stdout, without line ends. */
  stdout: string[];
  /** Lines of stderr, without line ends. */
  stderr: string[];
}

/** Changes of the configuration by dotted path; undefined removes a key. */
export type ConfigChanges = Record<string, unknown>;

/** Makes and runs a stand-in trainer; its folder is removed on disposal. */
export class TrainerBed implements AsyncDisposable {
  /** Absolute path of the bed's folder. */
  readonly folder: string;
  /** The stand-in's wrapper. */
  readonly wrapper: string;

  private constructor(folder: string, wrapper: string) {
    this.folder = folder;
    this.wrapper = wrapper;
  }

  /** Make a bed. */
  static async create(script: StandInScript = {}): Promise<TrainerBed> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "stand-in-" }));
    await Deno.mkdir(join(folder, "tmp"));
    makeLabels(join(folder, "labels.slp"));
    return new TrainerBed(folder, await makeStandIn(folder, script));
  }

  /** A path in the bed's folder. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Change what the trainer does from its next start on. */
  setScript(script: StandInScript): Promise<void> {
    return setStandInScript(this.wrapper, script);
  }

  /** Write a configuration: the recorded one with changes. */
  async configure(changes: ConfigChanges = {}, name = "config.yaml"): Promise<string> {
    const config = recordedConfig(this.folder);
    for (const [path, value] of Object.entries(changes)) set(config, path.split("."), value);
    const file = this.path(name);
    await Deno.writeTextFile(file, JSON.stringify(config));
    return file;
  }

  /** Start the trainer. */
  start(args: string[]): RunningTrainer {
    const command = new Deno.Command(this.wrapper, {
      args,
      cwd: this.folder,
      env: { TMPDIR: this.path("tmp") },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    });
    return new RunningTrainer(command.spawn());
  }

  /** Train with the recorded configuration and changes. */
  async train(changes: ConfigChanges = {}): Promise<EndedRun> {
    return await this.start(["train", await this.configure(changes)]).ended;
  }

  /** Resolves when a file is there. */
  async appears(path: string): Promise<void> {
    using watcher = Deno.watchFs(dirname(path));
    if (await exists(path)) return;
    for await (const _ of watcher) {
      if (await exists(path)) return;
    }
  }

  /** Remove the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A trainer that was started, alone in its process group. */
export class RunningTrainer {
  /** Process ID, also that of the group. */
  readonly pid: number;
  /** How it ended, once it has and its output is closed. */
  readonly ended: Promise<EndedRun>;
  /** The process's end, even if another one still holds its output. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  #printed = Promise.withResolvers<void>();

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.pid = process.pid;
    this.status = process.status;
    this.ended = this.#collect();
  }

  /** Resolves when as many lines of its output contain the text. */
  async prints(text: string, times = 1): Promise<void> {
    const count = () =>
      [...this.#stdout, ...this.#stderr].filter((line) => line.includes(text)).length;
    while (count() < times) await this.#printed.promise;
  }

  /** Send a signal to the process. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async #collect(): Promise<EndedRun> {
    await Promise.all([
      collectLines(this.#process.stdout, (line) => this.#add(this.#stdout, line)),
      collectLines(this.#process.stderr, (line) => this.#add(this.#stderr, line)),
    ]);
    const { code, signal } = await this.status;
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }

  #add(lines: string[], line: string): void {
    lines.push(line);
    this.#printed.resolve();
    this.#printed = Promise.withResolvers();
  }
}

async function collectLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}

function recordedConfig(folder: string): Record<string, unknown> {
  const labels = [join(folder, "labels.slp")];
  return {
    name: "e2e centroid",
    description: "",
    data_config: {
      train_labels_path: labels,
      val_labels_path: labels,
      test_file_path: null,
      user_instances_only: true,
      data_pipeline_fw: "torch_dataset",
      preprocessing: { scale: 1 },
      use_augmentations_train: false,
    },
    model_config: {
      init_weights: "default",
      backbone_config: {
        unet: { in_channels: 1, filters: 16, filters_rate: 1.5, max_stride: 8, output_stride: 4 },
      },
      head_configs: { centroid: { confmaps: { anchor_part: null, sigma: 5, output_stride: 4 } } },
    },
    trainer_config: {
      train_data_loader: { batch_size: 1, shuffle: true, num_workers: 0 },
      val_data_loader: { batch_size: 1, shuffle: false, num_workers: 0 },
      model_ckpt: { save_top_k: 1, save_last: true },
      trainer_devices: 1,
      trainer_accelerator: "cpu",
      enable_progress_bar: false,
      min_train_steps_per_epoch: 1,
      train_steps_per_epoch: 5,
      max_epochs: 3,
      seed: 42,
      save_ckpt: true,
      ckpt_dir: join(folder, "runs"),
      run_name: "base",
      optimizer: { lr: 0.001, amsgrad: false },
      early_stopping: { stop_training_on_plateau: false },
      zmq: { publish_port: null, controller_port: null },
    },
  };
}

function set(target: Record<string, unknown>, [key = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    if (value === undefined) delete target[key];
    else target[key] = value;
    return;
  }
  const child = target[key];
  if (isRecord(child)) set(child, rest, value);
  else {
    const made = {};
    target[key] = made;
    set(made, rest, value);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
