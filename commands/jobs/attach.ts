import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { followJob } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { openJob } from "../shared/open_job.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  parseCount,
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "../shared/options.ts";

/** `jobs attach JOB`: what happened in a job, and what happens until its end. */
export function attachCommand(): CommandUnknownOpts {
  return new Command("attach")
    .summary("follow a job until it ends")
    .description(
      "Show what happened in a job and follow it until it ends, as train and track do; then fetch " +
        "its predictions, if it makes some on a worker. Ctrl-C leaves it alone.",
    )
    .argument("<job>", "its ID, or at least 4 digits of it")
    .option(
      "-o, --output <path>",
      "where to put the predictions of a worker (default: NAME.predictions.slp here)",
    )
    .option("--force", "replace what is there")
    .option("--from <seq>", "number of the first event to show (default: all)", parseCount)
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends PlaceOptions, FormatOptions {
  from?: number | undefined;
  output?: string | undefined;
  force?: true | undefined;
}

async function run(name: string, options: Options): Promise<void> {
  using interruption = new Interruption();
  await using job = await interruption.orLeave(openJob(name, options), "Nothing was changed");
  await followJob(job.followed, {
    interruption,
    isJson: isJson(options),
    from: options.from ?? 1,
    output: { path: options.output, overwrite: options.force },
  });
}
