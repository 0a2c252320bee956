import { isLocked } from "../../lib/files/lock.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { isFinalStatus, JobFolder } from "../../worker/job_folder.ts";
import { lifeOf } from "../../worker/job_life.ts";
import { recoverJob } from "../../worker/recovery.ts";

const POLL_MS = 50;

/**
 * End every job of a root and wait until nobody is at work in it, neither supervisor nor trainer.
 *
 * Whoever submitted a job that is still queued must have ended, or be about to.
 *
 * @param root the folder that contains `jobs/`
 */
export async function endJobs(root: string): Promise<void> {
  const jobs = await JobFolder.list(root);
  if (jobs.length === 0) return;
  const registry = await ModelRegistry.open(root);
  for (const job of jobs) await endJob(job, registry);
}

async function endJob(job: JobFolder, registry: ModelRegistry): Promise<void> {
  let isAsked = false;
  while (true) {
    const life = await lifeOf(job);
    if (life === "dead") await recoverJob(job, registry);
    if (life === "waiting") await askOfJob(job, registry, "cancel");
    const { status, supervisor } = await job.readState();
    if (isFinalStatus(status) && !(await isLocked(job.lockPath))) return;
    if (status === "running" && supervisor !== null && !isAsked) {
      Deno.kill(supervisor.pid, "SIGTERM");
      isAsked = true;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
