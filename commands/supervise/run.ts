/**
 * The supervisor's process. It lives as long as its training and loads nothing that only people
 * need.
 *
 * @module
 */
import { resolve } from "node:path";
import { EXIT } from "../../lib/errors.ts";
import { logToStderr } from "../../lib/log.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { supervise } from "../../worker/supervisor.ts";
import { reportError } from "../report_error.ts";

/** Run a job to its end. */
export async function runSupervisor(folder: string): Promise<void> {
  logToStderr("info", { dated: true });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop.abort("shutdown"));
  }
  await supervise(new JobFolder(resolve(folder)), stop.signal);
}

/**
 * {@linkcode runSupervisor} as a whole program.
 *
 * @returns the exit code
 */
export async function superviseAlone(folder: string): Promise<number> {
  try {
    await runSupervisor(folder);
    return EXIT.done;
  } catch (error) {
    return reportError(error, false);
  }
}
