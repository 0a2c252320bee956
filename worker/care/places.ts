/**
 * Where things lie in a root.
 *
 * @module
 */
import { join } from "node:path";

/** Absolute path of the folder with all jobs of a root. */
export function jobsFolder(root: string): string {
  return join(root, "jobs");
}

/** Absolute path of the folder with what clients have uploaded, and labels out of packages. */
export function uploadsFolder(root: string): string {
  return join(root, "uploads");
}
