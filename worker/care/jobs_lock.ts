/**
 * One lock between those who write new jobs and those who remove what jobs need.
 *
 * @module
 */
import { join } from "node:path";
import { makeFolder } from "../../lib/files/atomic_write.ts";
import { FileLock } from "../../lib/files/lock.ts";
import { jobsFolder } from "./places.ts";

/** Older programs hold it while they write a job that resumes a model. */
const LOCK_NAME = "resume.lock";

/**
 * Do something while no job is written into a root.
 *
 * @param root absolute path of the registry root
 * @throws {ConflictError} when somebody holds the lock for long; names the process
 */
export async function whileNoJobIsWritten<T>(root: string, act: () => Promise<T>): Promise<T> {
  const jobs = jobsFolder(root);
  await makeFolder(jobs);
  using _lock = await FileLock.acquire(join(jobs, LOCK_NAME));
  return await act();
}
