/**
 * Ending a trainer with everything that belongs to it.
 *
 * @module
 */
import { SleapRtcError } from "../../lib/errors.ts";
import { errorCode } from "../../lib/files/error_code.ts";
import { placeOf, type ProcessIdentity, ps, startTime, statFields } from "./process_identity.ts";

/** Environment variable of a job's trainer: the job's folder. Its loader processes inherit it. */
export const JOB_VARIABLE = "SLEAP_RTC_JOB";

/** What was killed is gone at once, unless it hangs in the kernel. */
const KILL_WAIT_MS = 30_000;
const POLL_MS = 20;

/** A trainer whose end nobody has seen. */
export interface LostTrainer {
  /** Absolute path of the job's folder. */
  jobFolder: string;
  /** The process that leads its group; null: it was not written down. */
  leader: ProcessIdentity | null;
}

/**
 * End a process group and wait until no member is left: SIGTERM, after the grace SIGKILL.
 *
 * The caller knows that the group is its own: it is the parent of the leader.
 *
 * @param graceMs how long SIGTERM may take, in milliseconds
 * @throws {SleapRtcError} when it is still there half a minute after SIGKILL
 */
export async function endProcessGroup(pgid: number, graceMs: number): Promise<void> {
  // To look at every process of the machine takes a while, and mostly the group is empty.
  if (!isThere(-pgid)) return;
  await endAll(`process group ${pgid}`, () => membersOf(pgid), graceMs);
}

/**
 * End the trainer of a job whose supervisor is gone, and whatever it started.
 *
 * A pid that was written down may mean a stranger by now, so its group is ours only while its leader
 * is the process that was written down, or a member carries the job's mark; processes with the mark
 * are found even if nothing was written down. (Other platforms than Linux show no marks: there the
 * group of a leader that is gone counts as ours.)
 *
 * @param graceMs how long SIGTERM may take, in milliseconds
 * @throws {SleapRtcError} when it is still there half a minute after SIGKILL
 */
export async function endLostTrainer(trainer: LostTrainer, graceMs: number): Promise<void> {
  const { leader } = trainer;
  const mark = `${JOB_VARIABLE}=${await markOf(trainer.jobFolder)}`;
  const pgid = leader !== null && await isOurs(leader, mark) ? leader.pid : null;
  const members = async () => [
    ...pgid === null ? [] : await membersOf(pgid),
    ...await markedProcesses(mark),
  ];
  await endAll(`the trainer of "${trainer.jobFolder}"`, members, graceMs);
}

/** The value of {@linkcode JOB_VARIABLE} for a job's folder. */
export async function markOf(jobFolder: string): Promise<string> {
  return await Deno.realPath(jobFolder).catch(() => jobFolder);
}

/** Send a signal to every process of a group; a group that is gone is no error. */
export function signalGroup(pgid: number, signal: Deno.Signal): void {
  send(-pgid, signal);
}

async function isOurs(leader: ProcessIdentity, mark: string): Promise<boolean> {
  if (await placeOf(leader) !== "here") return false;
  const now = await startTime(leader.pid);
  if (now !== null) return now === leader.start_time;
  if (Deno.build.os !== "linux") return true;
  const marks = await Promise.all((await membersOf(leader.pid)).map((pid) => carries(pid, mark)));
  return marks.includes(true);
}

async function endAll(
  what: string,
  members: () => Promise<number[]>,
  graceMs: number,
): Promise<void> {
  for (const pid of await members()) send(pid, "SIGTERM");
  const killAt = performance.now() + graceMs;
  const giveUpAt = killAt + KILL_WAIT_MS;
  for (let left = await members(); left.length > 0; left = await members()) {
    const now = performance.now();
    if (now >= giveUpAt) throw hangs(what);
    if (now >= killAt) { for (const pid of left) send(pid, "SIGKILL"); }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function hangs(what: string): SleapRtcError {
  return new SleapRtcError(`Cannot end ${what}, not even by SIGKILL`, {
    hint:
      "It hangs in the kernel, as with a broken GPU driver or network drive: reboot the machine.",
  });
}

function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Is there a process or, for a negative number, a group? Zombies count, other users' do too. */
function isThere(pid: number): boolean {
  try {
    Deno.kill(pid, 0);
    return true;
  } catch (error) {
    return !isGone(error);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || errorCode(error) === "ESRCH";
}

/** Living members of a group. Zombies do not count: in a container nobody may ever reap them. */
async function membersOf(pgid: number): Promise<number[]> {
  if (Deno.build.os !== "linux") return await membersByPs(pgid);
  return await filterProcesses((_pid, fields) => Number(fields[2]) === pgid);
}

async function membersByPs(pgid: number): Promise<number[]> {
  const lines = await ps(["-A", "-o", "pid=,pgid=,stat="]);
  return lines.flatMap((line) => {
    const [pid, group, stat = ""] = line.trim().split(/\s+/);
    return Number(group) === pgid && !stat.startsWith("Z") ? [Number(pid)] : [];
  });
}

async function markedProcesses(mark: string): Promise<number[]> {
  if (Deno.build.os !== "linux") return [];
  return await filterProcesses((pid) => carries(pid, mark));
}

async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => "");
  return environment.split("\0").includes(mark);
}

async function filterProcesses(
  fits: (pid: number, fields: readonly string[]) => boolean | Promise<boolean>,
): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const fields = statFields(pid);
    if (fields !== null && fields[0] !== "Z" && await fits(pid, fields)) found.push(pid);
  }
  return found;
}
