/**
 * The jobs of a root that are not known to have ended. A job that has ended is not looked at again,
 * so that a root with many of them costs no more than a list of names.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { modifiedAt } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import { JobFolder } from "../job_folder.ts";
import { type JobLife, lifeOf } from "../job_life.ts";

const log = logger("jobs");

/** Two changes of a folder may bear the same time; after so many milliseconds none does. */
const SETTLED_MS = 1_000;

/** When the folder was changed last before it was listed, and when that was. */
interface Listing {
  changedAt: number;
  at: number;
}

/** A job that has not ended. */
export interface OpenJob {
  folder: JobFolder;
  life: Exclude<JobLife, "ended">;
  /** Its turn in the queue; null: it does not wait there. */
  turn: number | null;
}

/** Looks at the jobs of a root again and again. */
export class OpenJobs {
  readonly #root: string;
  #ended: ReadonlySet<string>;
  #open: readonly JobFolder[] = [];
  #listing: Listing | null = null;

  /**
   * @param root absolute path of the registry root
   * @param ended IDs of jobs that are known to have ended
   */
  constructor(root: string, ended: Iterable<string> = []) {
    this.#root = root;
    this.#ended = new Set(ended);
  }

  /** The jobs that have not ended, whoever has started them. */
  async look(): Promise<OpenJob[]> {
    await this.#listNew();
    const jobs = (await Promise.all(this.#open.map(lookAt))).filter((job) => job !== null);
    const open = new Set(jobs.map(({ folder }) => folder.jobId));
    const ended = this.#open.map(({ jobId }) => jobId).filter((jobId) => !open.has(jobId));
    this.#ended = this.#ended.union(new Set(ended));
    this.#open = jobs.map(({ folder }) => folder);
    return jobs;
  }

  /** A folder in which nothing was made or removed since is not listed again. */
  async #listNew(): Promise<void> {
    const listing: Listing = { changedAt: await this.#changedAt(), at: Date.now() };
    const before = this.#listing;
    const isKnown = before?.changedAt === listing.changedAt &&
      before.at > before.changedAt + SETTLED_MS;
    if (isKnown) return;
    const folders = await JobFolder.list(this.#root);
    // Only what is there: a deleted job's ID may be given to another one.
    this.#ended = this.#ended.intersection(new Set(folders.map(({ jobId }) => jobId)));
    this.#open = folders.filter(({ jobId }) => !this.#ended.has(jobId));
    this.#listing = listing;
  }

  async #changedAt(): Promise<number> {
    return await modifiedAt(join(this.#root, "jobs"));
  }
}

async function lookAt(folder: JobFolder): Promise<OpenJob | null> {
  try {
    const life = await lifeOf(folder);
    if (life === "ended") return null;
    const turn = life === "waiting" ? (await folder.readState()).turn ?? null : null;
    return { folder, life, turn };
  } catch (error) {
    log.debug(`cannot look at job ${folder.jobId}: ${messageOf(error)}`);
    return { folder, life: "elsewhere", turn: null };
  }
}
