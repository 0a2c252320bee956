/**
 * Giving the files of a training to a worker.
 *
 * @module
 */
import type { TrainSubmission } from "../protocol/job_submit.ts";
import type { FilePlace, RemoteTraining } from "../training/remote_training.ts";
import type { UploadFileOptions } from "../transfer/upload.ts";
import type { RemoteWorker } from "./remote_worker.ts";

/** What is told while files are sent. */
export interface SendOptions {
  onUpload?(path: string, sentBytes: number, totalBytes: number): void;
  /** Gives up. */
  signal?: AbortSignal;
}

/** What is asked of a worker. */
export type Submission = Partial<TrainSubmission> & { type: "train" };

/**
 * Give the files of a training to a worker.
 *
 * @returns what to ask of it then: the paths are the worker's
 */
export async function uploadTraining(
  worker: RemoteWorker,
  training: RemoteTraining,
  options: SendOptions = {},
): Promise<Submission> {
  const send = async (place: FilePlace | null) =>
    place === null ? null : await pathOnWorker(worker, place, options);
  const { max_epochs = null, batch_size = null, learning_rate = null } = training.overrides;
  return withoutNulls({
    type: "train",
    package_path: await send(training.package),
    labels_path: await send(training.labels),
    val_labels_path: await send(training.valLabels),
    config_paths: await inOrder(training.configs, (here) => send({ here })),
    run_name: training.runName ?? null,
    alias: training.alias ?? null,
    max_epochs,
    batch_size,
    learning_rate,
  });
}

async function pathOnWorker(
  worker: RemoteWorker,
  place: FilePlace,
  { onUpload, signal }: SendOptions,
): Promise<string> {
  if ("onWorker" in place) return place.onWorker;
  const options: UploadFileOptions = {
    onProgress: (sent, total) => onUpload?.(place.here, sent, total),
    ...(signal === undefined ? {} : { signal }),
  };
  return (await worker.upload(place.here, options)).path;
}

async function inOrder<T>(
  items: readonly T[],
  send: (item: T) => Promise<string | null>,
): Promise<string[]> {
  const sent: string[] = [];
  for (const item of items) sent.push(await send(item) ?? "");
  return sent;
}

function withoutNulls(submission: Submission): Submission {
  const given = Object.entries(submission).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(given), type: "train" };
}
