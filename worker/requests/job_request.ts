/**
 * `request.json` of a job: what its supervisor is asked. Whoever asks writes it, the supervisor only
 * reads it, so that neither depends on the other's life.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { messageOf } from "../../lib/errors.ts";
import { writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { readTextOrNull } from "../../lib/files/file_info.ts";
import { FileLock } from "../../lib/files/lock.ts";
import { logger } from "../../lib/log.ts";
import { ProcessIdentitySchema } from "../host/process_identity.ts";
import type { JobFolder } from "../job_folder.ts";

const log = logger("jobs");

/** What a supervisor does when the last watcher vanishes. */
export const ON_DISCONNECT = ["continue", "stop"] as const;
/** What a supervisor does when the last watcher vanishes. */
export type OnDisconnect = typeof ON_DISCONNECT[number];

/** `request.json`. */
export const JobRequestSchema = v.object({
  version: v.literal(1),
  /** How the job is to end; `cancel` outweighs `stop`. */
  end: v.nullable(v.object({ what: v.picklist(["stop", "cancel"]), asked_at: v.string() })),
  /** The model that is to finish early. */
  finish: v.nullable(v.object({ model: v.number(), asked_at: v.string() })),
  watch: v.object({
    /**
     * `none`: nobody watches, or the last one said goodbye; `attached`: somebody does, by way of the
     * worker `by`; `lost`: the last one vanished.
     */
    state: v.picklist(["none", "attached", "lost"]),
    by: v.nullable(ProcessIdentitySchema),
    on_lost: v.picklist(ON_DISCONNECT),
  }),
});
/** `request.json`. */
export type JobRequest = v.InferOutput<typeof JobRequestSchema>;

/** Nothing is asked, nobody watches. */
export const NO_REQUEST: JobRequest = {
  version: 1,
  end: null,
  finish: null,
  watch: { state: "none", by: null, on_lost: "continue" },
};

/** What is asked of a job; a file that is damaged, or a newer program's, asks nothing. */
export async function readRequest(folder: JobFolder): Promise<JobRequest> {
  try {
    const json = await readTextOrNull(folder.requestPath);
    if (json === null) return NO_REQUEST;
    return v.parse(JobRequestSchema, JSON.parse(json));
  } catch (error) {
    log.warn(`cannot read "${folder.requestPath}": ${messageOf(error)}; it is passed over`);
    return NO_REQUEST;
  }
}

/**
 * Keep what is asked of a job as it is.
 *
 * @throws {ConflictError} when another process keeps it for half a minute
 */
export async function lockRequest(folder: JobFolder): Promise<FileLock> {
  return await FileLock.acquire(join(folder.path, "request.lock"));
}

/**
 * Change what is asked of a job; it is on the disk when the promise resolves.
 *
 * @param change gives the new request, or the same object where nothing changes; what it throws
 *   leaves the request as it is
 */
export async function changeRequest(
  folder: JobFolder,
  change: (request: JobRequest) => JobRequest | Promise<JobRequest>,
): Promise<void> {
  using _lock = await lockRequest(folder);
  const request = await readRequest(folder);
  const changed = await change(request);
  if (changed === request) return;
  await writeFileAtomic(folder.requestPath, `${JSON.stringify(changed, null, 2)}\n`, {
    mode: 0o600,
  });
}
