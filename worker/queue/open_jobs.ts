/**
 * The jobs of a root that are not known to have ended. A job that has ended is not looked at again,
 * so that a root with many of them costs no more than a list of names.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import { JobFolder } from "../job_folder.ts";
import { type JobLife, lifeOf } from "../job_life.ts";

const log = logger("jobs");

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
    const folders = await JobFolder.list(this.#root);
    const jobs = await Promise.all(
      folders.filter(({ jobId }) => !this.#ended.has(jobId)).map(lookAt),
    );
    const open = jobs.filter((job) => job !== null);
    const openIds = new Set(open.map(({ folder }) => folder.jobId));
    // Only what is there: a deleted job's ID may be given to another one.
    this.#ended = new Set(folders.map(({ jobId }) => jobId).filter((id) => !openIds.has(id)));
    return open;
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
