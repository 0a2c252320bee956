/**
 * `jobs stop`, `jobs finish` and `jobs cancel`: the same but for what is asked.
 *
 * @module
 */
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { JobRequestKind, JobStatus } from "../../lib/protocol/job_events.ts";
import { writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import { followJob } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { openJob } from "../shared/open_job.ts";
import {
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "../shared/options.ts";

/** One of the commands. */
export interface RequestCommand {
  what: JobRequestKind;
  summary: string;
  description: string;
  /** What happens next, after the job's ID, by the type of the job. */
  next: Record<JobSpec["type"], string>;
  /** How the job may end then. */
  wanted: readonly JobStatus[];
}

interface Options extends PlaceOptions {
  wait?: true | undefined;
}

/** The command. */
export function requestCommand(request: RequestCommand): CommandUnknownOpts {
  return new Command(request.what)
    .summary(request.summary)
    .description(request.description)
    .argument("<job>", "its ID, or at least 4 digits of it")
    .option("--wait", "follow the job until it has ended; exit code 0 if it ended as asked")
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .action((name, options) => run(request, name, options));
}

async function run(request: RequestCommand, name: string, options: Options): Promise<void> {
  const { what, next, wanted } = request;
  using interruption = new Interruption();
  await using job = await interruption.orLeave(openJob(name, options), "Nothing was asked");
  const { jobId, lookOptions } = job.followed;
  const { status, type } = await interruption.orLeaveAtOnce(
    job.ask(what),
    `job ${jobId} may have been asked to ${what}`,
  );
  const isUnderWay = status === "queued" || status === "running";
  const look = isUnderWay ? ["attach", jobId] : ["list"];
  const said = `job ${jobId} ${isUnderWay ? next[type] : `is ${status}`}. See: ${
    typedCommand(["jobs", ...look, ...lookOptions])
  }\n`;
  if (!options.wait) return writeStdout(said);
  writeStderr(said);
  await followJob(job.followed, { interruption, isJson: false, from: "end", wanted });
}
