/**
 * The demo of a training that is torn away.
 *
 * @module
 */
import { EXIT, SleapRtcError } from "../../lib/errors.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { JobFolder, type JobState } from "../../worker/job_folder.ts";
import { type Cli, say, title } from "./cli.ts";
import { INPUTS } from "./inputs.ts";

const EPOCHS = 4;
const POLL_MS = 50;

/**
 * Kill a training without warning, and go on from its checkpoint.
 *
 * @param folder the registry root, with the demo's data and configuration
 * @param cli runs commands there
 * @param signal aborted: stop waiting
 */
export async function tourCrash(folder: string, cli: Cli, signal: AbortSignal): Promise<void> {
  title("6. Whatever is killed, a training goes on from its checkpoint");
  const known = new Set((await JobFolder.list(folder)).map(({ jobId }) => jobId));
  const args = [...INPUTS, "--run-name", "torn", "--max-epochs", String(EPOCHS)];
  const training = cli.begin(["train", "--local", ...args]);
  const { supervisor, trainer } = await stateAtCheckpoint(folder, known, signal);
  for (const process of [supervisor, trainer]) {
    if (process === null) throw new SleapRtcError("The training ended before it was killed");
    say(`$ kill -9 ${process.pid}`);
    Deno.kill(process.pid, "SIGKILL");
  }
  if (await training !== EXIT.jobNotSucceeded) {
    throw new SleapRtcError("A killed training was not booked as interrupted");
  }
  const [torn] = await (await ModelRegistry.open(folder)).getInterrupted();
  if (torn === undefined) throw new SleapRtcError("The killed training left no checkpoint");
  await cli.run(["list-models", "--status", "interrupted"]);
  await cli.run(["train", "--local", "--resume", torn.id]);
  const model = await (await ModelRegistry.open(folder)).get(torn.id);
  if (model?.status !== "completed" || model.metrics?.["epochs_completed"] !== EPOCHS) {
    throw new SleapRtcError("The resumed training did not complete");
  }
}

/** State of a job that was not known, once its model has a checkpoint. */
async function stateAtCheckpoint(
  root: string,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<JobState> {
  while (true) {
    signal.throwIfAborted();
    const registry = await ModelRegistry.open(root);
    const job = (await JobFolder.list(root)).find(({ jobId }) => !known.has(jobId));
    const models = job === undefined ? [] : await registry.list();
    const isThere = models.some((entry) => entry.job_id === job?.jobId && entry.checkpoint_path);
    if (job !== undefined && isThere) return await job.readState();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
