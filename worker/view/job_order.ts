/**
 * The jobs of a root by age. When a job was made is read once.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import { JobFolder } from "../job_folder.ts";

const log = logger("jobs");
/** Files that are open at once. */
const CONCURRENCY = 32;

/** Orders the jobs of a root. */
export class JobOrder {
  readonly #root: string;
  /** When a job was made, in milliseconds since 1970; null: it cannot be told. */
  #madeAt: ReadonlyMap<string, number | null> = new Map();

  /** @param root absolute path of the registry root */
  constructor(root: string) {
    this.#root = root;
  }

  /** The jobs, newest first; those whose description cannot be read are left out. */
  async newestFirst(): Promise<JobFolder[]> {
    const folders = await JobFolder.list(this.#root);
    const made = await inBatches(folders, async (folder) => ({
      folder,
      time: this.#madeAt.get(folder.jobId) ?? await this.#readTime(folder),
    }));
    this.#madeAt = new Map(made.map(({ folder, time }) => [folder.jobId, time]));
    return made.filter(({ time }) => time !== null)
      .sort((a, b) => (b.time ?? 0) - (a.time ?? 0))
      .map(({ folder }) => folder);
  }

  async #readTime(folder: JobFolder): Promise<number | null> {
    try {
      return Date.parse((await folder.readSpec()).created_at);
    } catch (error) {
      const isKnown = this.#madeAt.has(folder.jobId);
      if (!isKnown) log.warn(`job ${folder.jobId} is not listed: ${messageOf(error)}`);
      return null;
    }
  }
}

/** Do something to many at a time, but not to all at once. */
export async function inBatches<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += CONCURRENCY) {
    results.push(...await Promise.all(items.slice(at, at + CONCURRENCY).map(act)));
  }
  return results;
}
