/**
 * Which models the jobs of a root have taken upon themselves. Told by the jobs, never by the clock.
 *
 * @module
 */
import { ConflictError, messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { TrainSpec } from "../../lib/protocol/job_spec.ts";
import { isFinalStatus, JobFolder } from "../job_folder.ts";

const log = logger("resume");

/**
 * Refuse what a job that waits, or begins, would undo: it is to resume the model.
 *
 * @param root absolute path of the registry root
 * @param verb what is not done to the model: `resume`, `abandon`
 * @param ownJob a job that does not count
 * @throws {ConflictError} with the job's ID, and how to cancel it
 */
export async function refuseIfResumed(
  root: string,
  modelId: string,
  verb: string,
  ownJob: string | null = null,
): Promise<void> {
  for (const folder of await JobFolder.list(root)) {
    if (folder.jobId === ownJob || !(await isToResume(folder, modelId))) continue;
    throw new ConflictError(
      `Cannot ${verb} model ${modelId}: job ${folder.jobId} is to resume it`,
      { hint: `Wait for that job, or cancel it: sleap-rtc jobs cancel ${folder.jobId}` },
    );
  }
}

/** The entry of a model that was taken up tells of it itself. */
async function isToResume(folder: JobFolder, modelId: string): Promise<boolean> {
  const state = await readOrNull(folder, () => folder.readState());
  if (state === null || isFinalStatus(state.status)) return false;
  const spec = await readOrNull(folder, () => folder.readTrainSpec());
  return (spec?.models ?? []).some(({ resume }, index) =>
    resume?.model_id === modelId && (state.models[index]?.model_id ?? null) === null
  );
}

/**
 * The models that the relatives of a job have registered, or may still register: all jobs that go
 * back to the same job by `resumed_from`.
 *
 * @param root absolute path of the registry root
 * @param jobId of the job, which does not count itself
 * @returns the jobs by the `full_hash` of their models
 */
export async function takenByRelatives(root: string, jobId: string): Promise<Map<string, string>> {
  const folders = await JobFolder.list(root);
  const specs = new Map<string, TrainSpec>();
  for (const folder of folders) {
    const spec = await readOrNull(folder, () => folder.readTrainSpec());
    if (spec !== null) specs.set(folder.jobId, spec);
  }
  const taken = new Map<string, string>();
  const origin = originOf(jobId, specs);
  for (const folder of folders) {
    const spec = specs.get(folder.jobId);
    const isRelative = folder.jobId !== jobId && originOf(folder.jobId, specs) === origin;
    if (spec === undefined || !isRelative) continue;
    const state = await readOrNull(folder, () => folder.readState());
    if (state === null) continue;
    for (const [index, { full_hash }] of spec.models.entries()) {
      const isRegistered = (state.models[index]?.model_id ?? null) !== null;
      if (isRegistered || !isFinalStatus(state.status)) taken.set(full_hash, folder.jobId);
    }
  }
  return taken;
}

function originOf(jobId: string, specs: ReadonlyMap<string, TrainSpec>): string {
  const seen = new Set<string>();
  let origin = jobId;
  while (!seen.has(origin)) {
    seen.add(origin);
    origin = specs.get(origin)?.resumed_from ?? origin;
  }
  return origin;
}

/**
 * Refuse a job that resumes a model, or trains one that its old job has left, which another job has
 * taken meanwhile.
 *
 * @param root absolute path of the registry root
 * @throws {ConflictError} with the other job's ID
 */
export async function refuseIfTaken(root: string, spec: TrainSpec): Promise<void> {
  for (const { resume } of spec.models) {
    if (resume) await refuseIfResumed(root, resume.model_id, "resume", spec.job_id);
  }
  const left = spec.models.filter(({ resume }) => !resume);
  if (!spec.resumed_from || left.length === 0) return;
  const taken = await takenByRelatives(root, spec.resumed_from);
  for (const { full_hash, model_type } of left) {
    const job = taken.get(full_hash);
    if (job === undefined) continue;
    throw new ConflictError(`Cannot train ${model_type} of ${spec.resumed_from}: job ${job} does`, {
      hint: `Watch it: sleap-rtc jobs attach ${job}`,
    });
  }
}

/** What cannot be read tells nothing, and must not keep anything from going on. */
async function readOrNull<T>(folder: JobFolder, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    log.debug(`cannot look at job ${folder.jobId}: ${messageOf(error)}`);
    return null;
  }
}
