import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { LeftByUserError, messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobStatus } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { JobLogPart } from "../../lib/protocol/worker_calls.ts";
import { writeStdout } from "../../lib/terminal/output.ts";
import { printableOutput } from "../../lib/terminal/printable.ts";
import type { FollowedJob } from "../shared/follow_job.ts";
import { leftText } from "../shared/left_text.ts";
import { Interruption } from "../shared/interruption.ts";
import { type LogStart, type OpenJob, openJob } from "../shared/open_job.ts";
import {
  parseCount,
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "../shared/options.ts";

const log = logger("client");
const POLL_MS = 500;

/** `jobs logs JOB`: the output of a job's trainer. */
export function logsCommand(): CommandUnknownOpts {
  return new Command("logs")
    .summary("print sleap-nn's output")
    .description("Print what sleap-nn and the supervisor of a job have said.")
    .argument("<job>", "its ID, or at least 4 digits of it")
    .option("-f, --follow", "go on until the job has ended")
    .option(
      "--from <seq>",
      "begin with the trainer that wrote this event (default: all)",
      parseCount,
    )
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .action(run);
}

interface Options extends PlaceOptions {
  follow?: true | undefined;
  from?: number | undefined;
}

async function run(name: string, options: Options): Promise<void> {
  using interruption = new Interruption();
  await using job = await interruption.orLeave(openJob(name, options), "Nothing was changed");
  let status: JobStatus | undefined;
  const onPart = (part: JobLogPart) => status = part.status;
  const type = await interruption.orLeave(typeOf(job.followed), () => leftText(job.followed));
  const left = () => leftText(job.followed, status, type);
  const printed = print(job, options, interruption.left, onPart);
  if (await interruption.orLeave(printed, left) === "ended") return;
  if (interruption.left.aborted) throw new LeftByUserError(left());
}

/** A log can be read, too, of a job whose description is damaged. */
async function typeOf(job: FollowedJob): Promise<JobSpec["type"] | undefined> {
  try {
    return (await job.describe()).type;
  } catch (error) {
    log.debug(messageOf(error));
    return undefined;
  }
}

/** What is printed to a file or a pipe is what the trainer wrote. */
async function print(
  job: OpenJob,
  { follow, from }: Options,
  left: AbortSignal,
  onPart: (part: JobLogPart) => void,
): Promise<"ended" | "left"> {
  const isTerminal = Deno.stdout.isTerminal();
  for (let place: LogStart = { atSeq: from }; !left.aborted;) {
    const part = await job.readLog(place);
    const { text, next, ended } = part;
    onPart(part);
    if (left.aborted) break;
    writeStdout(isTerminal ? printableOutput(text) : text);
    if (ended || (text === "" && !follow)) return "ended";
    place = { from: next };
    if (text === "") await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return "left";
}
