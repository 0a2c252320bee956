/**
 * A queue in a process of its own, for tests that kill it: `run_queue.ts ROOT TRAINER`.
 *
 * @module
 */
import { ModelRegistry } from "../../lib/registry.ts";
import { JobQueue } from "../../worker/queue.ts";
import { findAndRecoverJobs } from "../../worker/recovery.ts";

const [root = "", trainer = ""] = Deno.args;
const registry = await ModelRegistry.open(root);
await findAndRecoverJobs(registry);
await new JobQueue(registry, { trainer, maxJobs: 1 }).start();
