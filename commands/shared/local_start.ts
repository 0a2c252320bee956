/**
 * Starting a job on this machine.
 *
 * @module
 */
import { ModelRegistry } from "../../lib/registry.ts";
import type { RegistryRoot } from "../../lib/registry/root.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import type { SubmittedJob } from "../../worker/submit.ts";
import { sayRegistry } from "./options.ts";

const START_POLL_MS = 20;

/** Open a root; what is dead is booked first: it may be what the user wants to resume. */
export async function openLocalRoot(root: RegistryRoot): Promise<ModelRegistry> {
  sayRegistry(root);
  const registry = await ModelRegistry.open(root.path);
  for (const { jobId, status } of await recoverJobs(registry)) {
    writeStderr(`job ${jobId} had lost its supervisor: booked as ${status}\n`);
  }
  return registry;
}

/** Wait until a job has its supervisor: before that it would count as dead without us. */
export async function untilSupervised({ folder, supervisor }: SubmittedJob): Promise<void> {
  let hasEnded = false;
  void supervisor.ended.then(() => hasEnded = true);
  while (!hasEnded && (await folder.readState()).status === "queued") {
    await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
  }
}
