import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { attachCommand } from "./jobs/attach.ts";
import { cancelCommand } from "./jobs/cancel.ts";
import { finishCommand } from "./jobs/finish.ts";
import { listCommand } from "./jobs/list.ts";
import { logsCommand } from "./jobs/logs.ts";
import { stopCommand } from "./jobs/stop.ts";

/** `jobs`: subcommands that look at jobs and end them. */
export function command(): CommandUnknownOpts {
  return new Command("jobs")
    .summary("look at trainings that run or wait, and end them")
    .description(
      "Look at jobs, follow them and end them: in a folder of this machine, or with --room or " +
        "--worker on the workers of a room. A job is named by its ID or the beginning of it.",
    )
    .addCommand(listCommand())
    .addCommand(attachCommand())
    .addCommand(logsCommand())
    .addCommand(stopCommand())
    .addCommand(finishCommand())
    .addCommand(cancelCommand());
}
