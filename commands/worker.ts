import { hostname } from "node:os";
import { basename, resolve } from "node:path";
import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { findJoinedRoom, type JoinedRoom } from "../lib/credentials.ts";
import { ConnectionError, UsageError } from "../lib/errors.ts";
import { logger, logToStderr } from "../lib/log.ts";
import type { Mount } from "../lib/protocol/worker_calls.ts";
import { joinRoom } from "../lib/signaling/join.ts";
import { writeStdout } from "../lib/terminal/output.ts";
import { ON_DISCONNECT, type OnDisconnect } from "../worker/requests/job_request.ts";
import { Worker } from "../worker/presence.ts";
import { readJoinLink } from "./shared/read_join_link.ts";
import { roomOption } from "./shared/options.ts";
import { untilStopped } from "./shared/stop_signals.ts";

const log = logger("worker");
const MAX_JOBS = 64;

/** `worker`: takes the jobs of clients in a room. */
export function command(): CommandUnknownOpts {
  return new Command("worker")
    .summary("train for others in a room, on this machine")
    .description(
      "Take trainings from the members of a room and run them on this machine. Models and their " +
        "registry lie in the working folder. A training goes on when the worker is ended, but for one " +
        "that is watched under --on-disconnect stop.",
    )
    .option(
      "--join <link>",
      "join this room first; - reads the link from stdin, so that nobody sees it",
    )
    .addOption(roomOption())
    .option("-w, --working-dir <dir>", "folder of models, jobs and uploads", ".")
    .option("-n, --name <name>", "what others call this worker", hostname())
    .addOption(
      new Option(
        "--mount <path[:label]>",
        "folder in which clients may name labels, videos and weights; repeatable",
      ).argParser(collectMount).default([] as Mount[], "none"),
    )
    .option("--max-jobs <n>", "how many jobs may run at once; others wait in order", count, 1)
    .addOption(
      new Option(
        "--on-disconnect <what>",
        "what a training does when the client that watches it vanishes",
      ).choices(ON_DISCONNECT).default("continue" as const),
    )
    .option(
      "--resume-interrupted",
      "take up again what a crash, a power cut or a shutdown has interrupted; not what was stopped",
    )
    .option(
      "--allow-legacy",
      "accept Python 0.0.7 clients, which cannot prove the connection (default: as joined)",
    )
    .option("--debug", "log everything, and show where an error came from")
    .action(run);
}

interface Options {
  join?: string | undefined;
  room?: string | undefined;
  workingDir: string;
  name: string;
  mount: Mount[];
  maxJobs: number;
  onDisconnect: OnDisconnect;
  resumeInterrupted?: true | undefined;
  allowLegacy?: true | undefined;
  debug?: true | undefined;
}

async function run(options: Options): Promise<void> {
  logToStderr(options.debug ? "debug" : "info", { dated: true });
  if (Deno.build.os === "windows") {
    throw new UsageError(
      "A worker cannot run on this machine: Windows has no process groups to supervise",
      { hint: "Run it on a Linux or macOS machine. All other commands work here." },
    );
  }
  checkName(options.name);
  const stopped = untilStopped();
  const room = await roomOf(options);
  const root = await enterFolder(options.workingDir);
  await using worker = await Worker.start({
    room,
    root,
    name: options.name,
    mounts: await Promise.all(options.mount.map(checkMount)),
    maxJobs: options.maxJobs,
    onDisconnect: options.onDisconnect,
    resumeInterrupted: options.resumeInterrupted ?? false,
    allowLegacy: options.allowLegacy ?? room.allow_legacy,
  });
  writeStdout(`worker ${options.name} ready in room ${room.room_id}\n`);
  log.info(`models in ${root}`);
  const end = await Promise.race([
    stopped.then((signal) => ({ signal })),
    worker.ended.then((reason) => ({ reason })),
  ]);
  if ("reason" in end) {
    throw new ConnectionError(`The worker is out of the room: ${end.reason}`);
  }
  log.info(`${end.signal}: ending; running trainings go on`);
}

async function roomOf({ join, room }: Options): Promise<JoinedRoom> {
  if (join === undefined) return await findJoinedRoom(room);
  return await joinRoom(join === "-" ? await readJoinLink() : join);
}

/** Relative paths in configurations begin there, as in the Python program. */
async function enterFolder(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    Deno.chdir(absolute);
  } catch (error) {
    throw new UsageError(`Cannot work in "${absolute}"`, {
      hint: "Name an existing folder with --working-dir DIR.",
      cause: error,
    });
  }
  return await Deno.realPath(absolute);
}

function checkName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(name)) return;
  throw new UsageError(`"${name}" cannot be the name of a worker`, {
    hint: "Give letters, digits, spaces, dots, dashes and underscores with --name, at most 64.",
  });
}

async function checkMount({ path, label }: Mount): Promise<Mount> {
  const real = await Deno.realPath(path).catch(() => null);
  const info = real === null ? null : await Deno.stat(real);
  if (real !== null && info?.isDirectory) return { path: real, label };
  throw new UsageError(`--mount: there is no folder "${path}"`, {
    hint: "Mount folders that exist.",
  });
}

function collectMount(value: string, previous: Mount[]): Mount[] {
  const [, path = "", label] = /^(.+?)(?::([^:/]+))?$/.exec(value) ?? [];
  if (path === "") throw new InvalidArgumentError("A folder is needed: PATH or PATH:LABEL.");
  const absolute = resolve(path);
  return [...previous, { path: absolute, label: label ?? basename(absolute) }];
}

function count(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1 && number <= MAX_JOBS) return number;
  throw new InvalidArgumentError(`A whole number from 1 to ${MAX_JOBS} is needed.`);
}
