import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { runSupervisor } from "./supervise/run.ts";

/** `supervise FOLDER`, started by this program for itself. */
export function command(): CommandUnknownOpts {
  return new Command("supervise")
    .description("Run the job in FOLDER to its end.")
    .argument("<folder>", "the job's folder")
    .action(runSupervisor);
}
