import { resolve } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { logToStderr } from "../lib/log.ts";
import { JobFolder } from "../worker/job_folder.ts";
import { supervise } from "../worker/supervisor.ts";

/** `supervise FOLDER`, started by this program for itself. */
export function command(): CommandUnknownOpts {
  return new Command("supervise")
    .description("Run the job in FOLDER to its end.")
    .argument("<folder>", "the job's folder")
    .action(run);
}

async function run(path: string): Promise<void> {
  logToStderr("info", { dated: true });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop.abort("shutdown"));
  }
  await supervise(new JobFolder(resolve(path)), stop.signal);
}
