/**
 * Which process is meant by a pid that was written down: the same number is given to another process
 * later, after a reboot at the latest.
 *
 * @module
 */
import { hostname } from "node:os";
import * as v from "valibot";
import { SleapRtcError } from "../../lib/errors.ts";
import { errorCode } from "../../lib/files/error_code.ts";

/** What was killed is gone at once, unless it hangs in the kernel. */
const KILL_WAIT_MS = 30_000;

/** A process as it is written into `state.json`. */
export const ProcessIdentitySchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When it started, in the platform's own form; null where the platform does not tell. */
  start_time: v.nullable(v.string()),
  /** The boot it belongs to; null where the platform does not tell. */
  boot_id: v.nullable(v.string()),
  host: v.string(),
});
/** A process as it is written into `state.json`. */
export type ProcessIdentity = v.InferOutput<typeof ProcessIdentitySchema>;

/** Write down a process that is alive now. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  return {
    pid,
    start_time: await startTime(pid),
    boot_id: await bootId(),
    host: hostname(),
  };
}

/**
 * Is the very process still alive? A zombie is not, nor is one of another host or an earlier boot.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (!(await isOfThisBoot(identity))) return false;
  const now = await startTime(identity.pid);
  return now !== null && now === identity.start_time;
}

/** Was the process started on this machine since it was booted? */
export async function isOfThisBoot(identity: ProcessIdentity): Promise<boolean> {
  const now = await bootId();
  // A host may be renamed while it runs; where the boots are known, they tell more than its name.
  if (identity.boot_id !== null && now !== null) return identity.boot_id === now;
  return identity.host === hostname();
}

/**
 * End a process group and wait until no member is left: SIGTERM, after the grace SIGKILL.
 *
 * Does nothing if the leader that was written down is another process by now and no member of its
 * group is left. Loader processes may outlive their leader, so the group is asked, not the leader.
 *
 * @param leader the process that leads the group
 * @param graceMs how long SIGTERM may take, in milliseconds
 * @throws {SleapRtcError} when it is still there half a minute after SIGKILL
 */
export async function endProcessGroup(leader: ProcessIdentity, graceMs: number): Promise<void> {
  if (!(await isOfThisBoot(leader))) return;
  const leaderNow = await startTime(leader.pid);
  const isReused = leaderNow !== null && leaderNow !== leader.start_time;
  if (isReused || !(await isGroupAlive(leader.pid))) return;
  signalGroup(leader.pid, "SIGTERM");
  if (await groupEnds(leader.pid, graceMs)) return;
  signalGroup(leader.pid, "SIGKILL");
  if (await groupEnds(leader.pid, KILL_WAIT_MS)) return;
  throw new SleapRtcError(`Process group ${leader.pid} does not end, not even by SIGKILL`, {
    hint:
      "It hangs in the kernel, as with a broken GPU driver or network drive: reboot the machine.",
  });
}

/** Send a signal to every process of a group; a group that is gone is no error. */
export function signalGroup(pgid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pgid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && errorCode(error) !== "ESRCH") throw error;
  }
}

async function groupEnds(pgid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (await isGroupAlive(pgid)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Zombies do not count: in a container nobody may ever reap them. */
async function isGroupAlive(pgid: number): Promise<boolean> {
  if (Deno.build.os !== "linux") return await isListedByPs(pgid);
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = await statFields(Number(name));
    if (fields !== null && Number(fields[2]) === pgid && fields[0] !== "Z") return true;
  }
  return false;
}

async function isListedByPs(pgid: number): Promise<boolean> {
  const lines = await ps(["-A", "-o", "pgid=,stat="]);
  return lines.some((line) => {
    const [group, stat = ""] = line.trim().split(/\s+/);
    return Number(group) === pgid && !stat.startsWith("Z");
  });
}

async function startTime(pid: number): Promise<string | null> {
  if (Deno.build.os === "linux") {
    const fields = await statFields(pid);
    return fields === null || fields[0] === "Z" ? null : fields[19] ?? null;
  }
  if (Deno.build.os === "windows") return null;
  const [line = ""] = await ps(["-o", "lstart=", "-p", String(pid)]);
  return line.trim() || null;
}

/** The fields of `/proc/<pid>/stat` after the command's name: state, parent, group, … (proc(5)). */
async function statFields(pid: number): Promise<string[] | null> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).trim().split(" ");
  } catch {
    return null;
  }
}

async function bootId(): Promise<string | null> {
  if (Deno.build.os === "linux") {
    return (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  }
  if (Deno.build.os !== "darwin") return null;
  const { stdout } = await new Deno.Command("sysctl", { args: ["-n", "kern.bootsessionuuid"] })
    .output();
  return new TextDecoder().decode(stdout).trim() || null;
}

/** In one time zone and language, so that a start time reads the same ever after. */
async function ps(args: string[]): Promise<string[]> {
  const env = { TZ: "UTC", LC_ALL: "C" };
  const { stdout } = await new Deno.Command("ps", { args, env, stderr: "null" }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.trim() !== "");
}
