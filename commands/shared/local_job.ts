/**
 * A job of this machine, as commands use it.
 *
 * @module
 */
import { basename } from "node:path";
import { resolveJob, wholeJobId } from "../../lib/client/resolve_job.ts";
import { joinedRooms } from "../../lib/credentials.ts";
import { isFolder } from "../../lib/files/file_info.ts";
import type { JobSummary } from "../../lib/protocol/worker_calls.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { summariseJobs } from "../../worker/view/describe_job.ts";
import type { StartedSupervisor } from "../../worker/executor/local.ts";
import { lastSeqOf } from "../../worker/event_lines.ts";
import { JobFolder, type JobResult } from "../../worker/job_folder.ts";
import { readJobLog } from "../../worker/view/job_log.ts";
import { watchJob } from "../../worker/view/watch_job.ts";
import type { DescribedJob, EndedJob, FollowedJob, JobStep } from "./follow_job.ts";
import type { OpenJob } from "./open_job.ts";
import { openForReading } from "./open_registry.ts";

const QUEUE_POLL_MS = 1_000;

/**
 * The job that the user means in a root of this machine.
 *
 * @param name its ID or the beginning of it
 * @param root value of `--registry`
 * @throws {NotFoundError} when there is none, or it is not clear which is meant
 */
export async function openLocalJob(name: string, root: string | undefined): Promise<OpenJob> {
  const registry = await openForReading(root);
  const folder = await findFolder(registry.root, name, lookOptionsOf(root));
  return {
    followed: followLocally(folder, registry, root),
    ask: async (what) => {
      await askOfJob(folder, registry, what);
      const [{ status }, { type }] = await Promise.all([folder.readState(), folder.readSpec()]);
      return { status, type };
    },
    readLog: (place) => readJobLog(folder, place),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function findFolder(root: string, name: string, look: string[]): Promise<JobFolder> {
  const exact = JobFolder.of(root, wholeJobId(name));
  if (exact !== null && await isFolder(exact.path)) return exact;
  const folders = await JobFolder.list(root);
  const ids = folders.map(({ jobId }) => jobId);
  const jobId = resolveJob(ids, name, await listCommands(look));
  return folders.find((folder) => folder.jobId === jobId) as JobFolder;
}

/** What lists the jobs that may be meant: here, or of workers. */
async function listCommands(look: string[]): Promise<string> {
  const rooms = await joinedRooms().catch(() => []);
  const places = [look, ...rooms.map(({ room_id }) => ["--room", room_id])];
  return places.map((place) => typedCommand(["jobs", "list", ...place])).join(", ");
}

/**
 * A job of this machine, to be followed.
 *
 * @param root value of `--registry`
 * @param supervisor its supervisor, if this process has started it
 */
export function followLocally(
  folder: JobFolder,
  registry: ModelRegistry,
  root: string | undefined,
  supervisor?: StartedSupervisor,
): FollowedJob {
  const lookOptions = lookOptionsOf(root);
  return {
    jobId: folder.jobId,
    describe: () => describeLocally(folder),
    knownModels: async () => (await summaryOf(folder, registry))?.models ?? [],
    steps: (afterSeq, signal) => stepsOf(folder, registry, { afterSeq, signal, supervisor }),
    ended: async () => {
      const result = await folder.readResult();
      return result && await endedJob(folder, result, registry);
    },
    fetchOutput: null,
    lookOptions,
    trainOptions: ["--local", ...lookOptions],
  };
}

function lookOptionsOf(root: string | undefined): string[] {
  return root === undefined ? [] : ["--registry", root];
}

interface Following {
  afterSeq: number;
  signal: AbortSignal;
  supervisor: StartedSupervisor | undefined;
}

async function* stepsOf(
  folder: JobFolder,
  registry: ModelRegistry,
  { afterSeq, signal, supervisor }: Following,
): AsyncGenerator<JobStep> {
  yield* untilItsTurn(folder, registry, signal);
  const last = afterSeq === 0 ? 0 : await lastSeqOf(folder.eventsPath);
  const options = { afterSeq: Math.min(afterSeq, last), signal, supervisor };
  for await (const events of watchJob(folder, registry, options)) {
    yield* events.map((event) => ({ event }));
  }
}

/** Where it waits in the queue, on each change, as long as it does. */
async function* untilItsTurn(
  folder: JobFolder,
  registry: ModelRegistry,
  signal: AbortSignal,
): AsyncGenerator<JobStep> {
  let said = "";
  while (!signal.aborted) {
    const { status, turn } = await folder.readState();
    if (status !== "queued" || typeof turn !== "number") return;
    const { position = null, reason = null } = await summaryOf(folder, registry) ?? {};
    if (position === null) return;
    const queued = { position, reason: reason ?? "" };
    if (JSON.stringify(queued) !== said) yield { queued };
    said = JSON.stringify(queued);
    await pause(QUEUE_POLL_MS, signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", onAbort);
}

async function summaryOf(folder: JobFolder, registry: ModelRegistry): Promise<JobSummary | null> {
  const jobs = await summariseJobs(registry);
  return jobs.find(({ job_id }) => job_id === folder.jobId) ?? null;
}

async function describeLocally(folder: JobFolder): Promise<DescribedJob> {
  const spec = await folder.readSpec();
  const isTrain = spec.type === "train";
  return {
    type: spec.type,
    // What has ended tells so when it is left.
    status: null,
    modelTypes: (isTrain ? spec.models : spec.predictors).map(({ model_type }) => model_type),
    dataName: isTrain ? null : basename(spec.data_path),
    predictors: isTrain ? [] : spec.predictors,
    warnings: [],
  };
}

async function endedJob(
  folder: JobFolder,
  result: JobResult,
  registry: ModelRegistry,
): Promise<EndedJob> {
  const { predictors } = await describeLocally(folder);
  const entries = await Promise.all(
    result.models.map(({ model_id }) => model_id === null ? null : registry.get(model_id)),
  );
  const { status, error, output = null } = result;
  return {
    status,
    error,
    models: entries.filter((entry) => entry !== null),
    predictors: predictors.flatMap(({ model_id }) => model_id ?? []),
    output,
  };
}
