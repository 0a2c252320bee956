import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { findJoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import type { JobSummary } from "../../lib/protocol/worker_calls.ts";
import { formatTime, ordinal } from "../../lib/terminal/formats.ts";
import {
  isStdoutColoured,
  stdoutColumns,
  writeStderr,
  writeStdout,
} from "../../lib/terminal/output.ts";
import { renderTable, type Style } from "../../lib/terminal/table.ts";
import { asksWorkers } from "../shared/asks_workers.ts";
import { openForReading } from "../shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "../shared/options.ts";

/** A job, and the ID of its worker in the room; null: of this machine. */
type ListedJob = JobSummary & { worker: string | null };

interface Column {
  title: string;
  text(job: ListedJob): string;
}

const COLUMNS: readonly Column[] = [
  { title: "JOB", text: ({ job_id }) => job_id },
  { title: "STATUS", text: statusText },
  { title: "TYPE", text: ({ type }) => type },
  { title: "MODELS", text: ({ models }) => models.map(modelText).join(", ") },
  { title: "DATA", text: ({ data_name }) => data_name ?? "-" },
  { title: "WORKER", text: ({ worker }) => worker ?? "-" },
  { title: "CREATED", text: ({ created_at }) => formatTime(created_at) },
  { title: "WHY", text: ({ reason, error }) => reason ?? firstLine(error) ?? "-" },
];
/** Shortened, the first one first, where the terminal is too narrow. */
const FLEXIBLE = ["WHY", "MODELS", "DATA"];

/** `jobs list`: the jobs of a root or of workers. */
export function listCommand(): CommandUnknownOpts {
  return new Command("list")
    .summary("list jobs")
    .description("List the jobs of a folder of this machine, or of workers, newest first.")
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

type Options = PlaceOptions & FormatOptions;

async function run(options: Options): Promise<void> {
  const isRemote = asksWorkers(options);
  const jobs = isRemote ? await listOfWorkers(options) : await listHere(options);
  if (isJson(options)) {
    writeStdout(`${JSON.stringify(jobs, null, 2)}\n`);
  } else if (jobs.length > 0) {
    writeStdout(table(jobs, isRemote));
  }
}

async function listHere(options: Options): Promise<ListedJob[]> {
  const registry = await openForReading(options.registry);
  const { summariseJobs } = await import("../../worker/view/describe_job.ts");
  const jobs = await summariseJobs(registry);
  if (jobs.length === 0) writeStderr(`No jobs in ${registry.root}\n${await hintOfEmpty()}`);
  return jobs.map((job) => ({ ...job, worker: null }));
}

async function listOfWorkers(options: Options): Promise<ListedJob[]> {
  const { listRemoteJobs } = await import("../../lib/client/remote_jobs.ts");
  const room = await findJoinedRoom(options.room);
  const jobs = await listRemoteJobs(room, options.worker);
  if (jobs.length === 0) writeStderr(`No jobs of workers in room ${room.room_id}\n`);
  return jobs;
}

async function hintOfEmpty(): Promise<string> {
  const rooms = await joinedRooms().catch(() => []);
  const commands = rooms.map(({ room_id }) => `sleap-rtc jobs list --room ${room_id}`);
  return commands.length === 0 ? "" : `hint: The jobs of workers: ${commands.join(", ")}\n`;
}

function table(jobs: readonly ListedJob[], isRemote: boolean): string {
  const hasReasons = jobs.some(({ reason, error }) => reason !== null || error !== null);
  const hasPredictions = jobs.some(({ type }) => type === "track");
  const isShown: Record<string, boolean> = {
    TYPE: hasPredictions,
    DATA: hasPredictions,
    WORKER: isRemote,
    WHY: hasReasons,
  };
  const columns = COLUMNS.filter(({ title }) => isShown[title] ?? true);
  const titles = columns.map(({ title }) => title);
  return renderTable(titles, jobs.map((job) => columns.map(({ text }) => text(job))), {
    isColoured: isStdoutColoured(),
    maxWidth: stdoutColumns() ?? Infinity,
    flexible: FLEXIBLE.map((title) => titles.indexOf(title)).filter((column) => column >= 0),
    styleOf: (row, column) => titles[column] === "STATUS" ? statusStyle(jobs[row]) : null,
  });
}

const ENDING = { stop: "stopping", finish: "finishing", cancel: "cancelling" };

function statusText({ status, position, requested }: JobSummary): string {
  if (position !== null) return `${status} (${ordinal(position)})`;
  return requested === null ? status : `${status} (${ENDING[requested]})`;
}

/** An error may be a trainer's traceback. */
function firstLine(text: string | null): string | undefined {
  return text?.split("\n")[0];
}

function modelText(model: JobSummary["models"][number]): string {
  const { model_id, model_type, status, epochs_completed, max_epochs } = model;
  if (status === "predicts") return model_id === null ? model_type : `${model_type} ${model_id}`;
  if (model_id === null) return `${model_type} ${status}`;
  return `${model_type} ${model_id} ${epochs_completed}/${max_epochs ?? "?"}`;
}

function statusStyle(job: ListedJob | undefined): Style | null {
  switch (job?.status) {
    case "succeeded":
      return "green";
    case "running":
      return "cyan";
    case "failed":
      return "red";
    case "queued":
      return null;
    default:
      return "yellow";
  }
}
