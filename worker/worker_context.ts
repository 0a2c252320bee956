import { join } from "node:path";
import type { Mount, WorkerInfo } from "../lib/protocol/worker_calls.ts";
import type { ModelRegistry } from "../lib/registry.ts";
import type { LabelsVideos } from "../lib/sleap_nn/labels_videos.ts";
import { ContentStore } from "../lib/transfer/content_store.ts";
import { AllowedPaths } from "./submission/allowed_paths.ts";
import type { PredictionPlace } from "./prediction/prediction_request.ts";
import type { JobOrder } from "./view/job_order.ts";
import type { JobQueue } from "./queue.ts";
import type { JobWatchers } from "./watchers.ts";

/** What every connection of a worker works with. */
export interface WorkerContext {
  info: Omit<WorkerInfo, "busy_with" | "max_jobs" | "waiting">;
  /** What labels name; see `NamedFilesPlace`. */
  videosOf(labels: string): Promise<LabelsVideos>;
  /**
   * What there is to predict on.
   *
   * @throws {UsageError} when it cannot be read, or is empty
   */
  inspect: PredictionPlace["inspect"];
  registry: ModelRegistry;
  store: ContentStore;
  allowed: AllowedPaths;
  queue: JobQueue;
  watchers: JobWatchers;
  jobOrder: JobOrder;
}

/** What a worker tells of itself now. */
export function workerInfo({ info, queue }: WorkerContext): WorkerInfo {
  const { busyWith, waiting } = queue.fill;
  return { ...info, busy_with: busyWith, max_jobs: queue.maxJobs, waiting };
}

/** The stores of a worker and what clients may name in it. */
export function storesOf(
  root: string,
  mounts: readonly Mount[],
): Pick<WorkerContext, "store" | "allowed"> {
  const allowed = new AllowedPaths(mounts.map(({ path }) => path), join(root, "uploads"));
  return { store: new ContentStore(root), allowed };
}
