import { join } from "node:path";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";

/**
 * Where a job keeps its predictions if nobody says where.
 *
 * @param root absolute path of the registry root
 */
export function outputInJob(root: string, jobId: string): string {
  return join(root, "jobs", jobId, "predictions.slp");
}

/** The same job under another ID, with predictions in its own folder if they were to be there. */
export function withJobId<S extends JobSpec>(spec: S, root: string, jobId: string): S {
  const isInJob = spec.type === "track" && spec.output_path === outputInJob(root, spec.job_id);
  if (!isInJob) return { ...spec, job_id: jobId };
  return { ...spec, job_id: jobId, output_path: outputInJob(root, jobId) };
}
