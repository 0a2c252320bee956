/**
 * A signaling server, a machine with a GPU and a laptop, each with a home of its own, as processes.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelEntry } from "../../lib/registry.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { endLostTrainer, endProcessGroup } from "../../worker/host/process_group.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { type CliResult, runCli, type RunningCli, spawnCli } from "./cli.ts";
import { type CommandEnd, RunningCommand } from "./running_command.ts";
import { makeLabels, makeStandIn, setStandInScript, type StandInScript } from "./stand_in.ts";
import { configText, fileExists } from "./training.ts";

/** Options of {@linkcode RoomWorld.startWorker}. */
export interface StartWorkerOptions {
  /** Folder of the worker's registry, below the world's. @default {"gpu"} */
  folder?: string;
  name?: string;
  args?: string[];
  env?: Record<string, string>;
}

/** The machines; everything is ended and removed at the end of its scope. */
export class RoomWorld implements AsyncDisposable {
  readonly folder: string;
  /** Of the room; every machine may join with it. */
  readonly link: string;
  /** Absolute path of the sleap-nn of its workers. */
  readonly trainer: string;
  readonly #running: RunningCommand[] = [];
  #server: RunningCommand;

  private constructor(folder: string, trainer: string, server: RunningCommand) {
    this.folder = folder;
    this.link = server.firstLine;
    this.trainer = trainer;
    this.#server = server;
  }

  /**
   * Start the server, and let the laptop join its room.
   *
   * @param script what the stand-in trainer does
   * @param sleapNn absolute path of another trainer for the workers; null: the stand-in
   */
  static async create(
    script: StandInScript = {},
    sleapNn: string | null = null,
  ): Promise<RoomWorld> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-room-" }));
    for (const name of ["trainer", "server", "gpu", "laptop"]) await Deno.mkdir(join(folder, name));
    const trainer = await makeStandIn(join(folder, "trainer"), script);
    await makePython(join(folder, "trainer"));
    const server = await RunningCommand.serve([], { cwd: join(folder, "server") });
    const world = new RoomWorld(folder, sleapNn ?? trainer, server);
    makeLabels(world.laptop("mice.pkg.slp"));
    await Deno.writeTextFile(world.laptop("centroid.yaml"), configText());
    const { code, stderr } = await world.cli(["join", world.link]);
    if (code !== 0) throw new Error(stderr);
    return world;
  }

  /** Absolute path of a file on the laptop. */
  laptop(name: string): string {
    return join(this.folder, "laptop", name);
  }

  /** Absolute path of a file in a worker's folder. */
  gpu(name: string): string {
    return join(this.folder, "gpu", name);
  }

  /** Change what the trainer does from its next start on. */
  async setScript(script: StandInScript): Promise<void> {
    await setStandInScript(this.trainer, script);
  }

  /** Start a worker and wait until it is in the room. */
  async startWorker(options: StartWorkerOptions = {}): Promise<RunningCommand> {
    const { folder = "gpu", name = "gpu1", args = [], env = {} } = options;
    const cwd = join(this.folder, folder);
    await Deno.mkdir(cwd, { recursive: true });
    const worker = await RunningCommand.start(
      ["worker", "--join", this.link, "--name", name, ...args],
      { cwd, env: { SLEAP_RTC_SLEAP_NN: this.trainer, ...env } },
    );
    this.#running.push(worker);
    return worker;
  }

  /** Run a command on the laptop to its end. */
  async cli(args: string[], env: Record<string, string> = {}): Promise<CliResult> {
    return await runCli(args, { cwd: this.laptop(""), env });
  }

  /** Train the laptop's configuration on a worker. */
  async train(args: string[] = [], env: Record<string, string> = {}): Promise<CliResult> {
    return await this.startTrain(args, env).ended;
  }

  /** Begin to train the laptop's configuration on a worker. */
  startTrain(args: string[] = [], env: Record<string, string> = {}): RunningCli {
    const files = ["--config", "centroid.yaml", "--labels", "mice.pkg.slp"];
    return this.start(["train", ...files, ...args], env);
  }

  /** Start a command on the laptop. */
  start(args: string[], env: Record<string, string> = {}): RunningCli {
    return spawnCli(args, { cwd: this.laptop(""), env });
  }

  /** Begin to train; the trainer waits in its second epoch. */
  async startPaused(
    args: string[] = [],
    env: Record<string, string> = {},
  ): Promise<{ training: RunningCli; goOn(): Promise<void> }> {
    const [reached, go] = [join(this.folder, "reached"), join(this.folder, "go")];
    await this.setScript({
      touchFileAt: { epoch: 1, file: reached },
      waitForFileAt: { epoch: 1, file: go },
    });
    const training = this.startTrain(args, env);
    await fileExists(reached);
    return { training, goOn: () => Deno.writeTextFile(go, "") };
  }

  /** End the server, and start it again on the same port. */
  async restartServer(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { port } = new URL(this.link);
    await this.#server.stop("SIGKILL");
    await between();
    const args = ["--port", port];
    this.#server = await RunningCommand.serve(args, { cwd: join(this.folder, "server") });
  }

  /** End the server; what it has said. */
  async stopServer(): Promise<CommandEnd> {
    return await this.#server.stop();
  }

  /** The only model of a worker. */
  async model(folder = "gpu"): Promise<ModelEntry> {
    const root = join(this.folder, folder);
    const [entry, ...others] = await (await ModelRegistry.open(root, { create: false })).list();
    if (entry === undefined || others.length > 0) throw new Error("not exactly one model");
    return entry;
  }

  /** The only job of a worker. */
  async job(folder = "gpu"): Promise<JobFolder> {
    const [job, ...others] = await JobFolder.list(join(this.folder, folder));
    if (job === undefined || others.length > 0) throw new Error("not exactly one job");
    return job;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of [...this.#running, this.#server]) await running.stop("SIGKILL");
    for await (const { name, isDirectory } of Deno.readDir(this.folder)) {
      if (!isDirectory) continue;
      for (const job of await JobFolder.list(join(this.folder, name))) await endJob(job);
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Beside the stand-in: a worker asks its Python about labels and videos. */
async function makePython(folder: string): Promise<void> {
  const answer = { videos: [], sources: [], links: [], kind: "video", frames: 10 };
  const nothing = {
    labeledFrames: 0,
    userLabeledFrames: 0,
    predictedFrames: 0,
    suggestedFrames: 0,
  };
  const script = `#!/bin/sh\necho '${JSON.stringify({ ...answer, ...nothing })}'\n`;
  await Deno.writeTextFile(join(folder, "python"), script, { mode: 0o755 });
}

async function endJob(job: JobFolder): Promise<void> {
  const state = await job.readState().catch(() => null);
  const supervisor = state?.supervisor;
  if (supervisor && await isAlive(supervisor)) await endProcessGroup(supervisor.pid, 0);
  await endLostTrainer({ jobFolder: job.path, leader: state?.trainer ?? null }, 0);
}
