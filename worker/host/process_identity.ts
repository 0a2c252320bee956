/**
 * Which process is meant by a pid that was written down: the same number is given to another process
 * later, after a reboot at the latest, and means nothing on another machine or in another container.
 *
 * @module
 */
import { hostname } from "node:os";
import * as v from "valibot";

/** A process as it is written into `state.json`. */
export const ProcessIdentitySchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** When it started, in the platform's own form; null where the platform does not tell. */
  start_time: v.nullable(v.string()),
  /** The boot it belongs to; null where the platform does not tell. */
  boot_id: v.nullable(v.string()),
  /** The pid namespace in which `pid` means it (a container has its own); null: as `boot_id`. */
  pid_namespace: v.nullable(v.string()),
  host: v.string(),
});
/** A process as it is written into `state.json`. */
export type ProcessIdentity = v.InferOutput<typeof ProcessIdentitySchema>;

/**
 * Where a process was started, seen from here: `here`, on this machine before it was `rebooted`, or
 * `elsewhere`, on another machine or in another container, where we cannot look.
 */
export type Place = "here" | "rebooted" | "elsewhere";

/** Write down a process that is alive now. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  return {
    pid,
    start_time: await startTime(pid),
    boot_id: await bootId(),
    pid_namespace: await pidNamespace(),
    host: hostname(),
  };
}

/**
 * Is the very process still alive? A zombie is not, nor is one of an earlier boot. One of another
 * machine or container is not, as far as can be seen from here.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (await placeOf(identity) !== "here") return false;
  const now = await startTime(identity.pid);
  return now !== null && now === identity.start_time;
}

/** Where was the process started, seen from here? */
export async function placeOf(identity: ProcessIdentity): Promise<Place> {
  const boot = await bootId();
  // A host may be renamed while it runs; where the boots are known, they tell more than its name.
  if (identity.boot_id === null || boot === null || identity.boot_id !== boot) {
    if (identity.host !== hostname()) return "elsewhere";
    return identity.boot_id === boot ? "here" : "rebooted";
  }
  const namespace = await pidNamespace();
  const isSame = identity.pid_namespace === null || namespace === null ||
    identity.pid_namespace === namespace;
  return isSame ? "here" : "elsewhere";
}

/** When a living process started, in the platform's own form; null for one that is not alive. */
export async function startTime(pid: number): Promise<string | null> {
  if (Deno.build.os === "linux") {
    const fields = statFields(pid);
    return fields === null || fields[0] === "Z" ? null : fields[19] ?? null;
  }
  if (Deno.build.os === "windows") return null;
  const [line = ""] = await ps(["-o", "lstart=", "-p", String(pid)]);
  return line.trim() || null;
}

/** The fields of `/proc/<pid>/stat` after the command's name: state, parent, group, … (proc(5)). */
export function statFields(pid: number): string[] | null {
  try {
    // It is no disk: another thread would take ten times the CPU time.
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).trim().split(" ");
  } catch {
    return null;
  }
}

/** Neither changes as long as this process lives, and a supervisor asks for them again and again. */
let knownBootId: Promise<string | null> | undefined;
let knownNamespace: Promise<string | null> | undefined;

async function bootId(): Promise<string | null> {
  return await (knownBootId ??= readBootId());
}

async function pidNamespace(): Promise<string | null> {
  return await (knownNamespace ??= Deno.readLink("/proc/self/ns/pid").catch(() => null));
}

async function readBootId(): Promise<string | null> {
  if (Deno.build.os === "linux") {
    return (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  }
  if (Deno.build.os !== "darwin") return null;
  const { stdout } = await new Deno.Command("sysctl", { args: ["-n", "kern.bootsessionuuid"] })
    .output();
  return new TextDecoder().decode(stdout).trim() || null;
}

/** Lines of `ps`, in one time zone and language, so that a start time reads the same ever after. */
export async function ps(args: string[]): Promise<string[]> {
  const env = { TZ: "UTC", LC_ALL: "C" };
  const { stdout } = await new Deno.Command("ps", { args, env, stderr: "null" }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.trim() !== "");
}
