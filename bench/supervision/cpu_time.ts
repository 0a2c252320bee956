/**
 * The CPU time of a running job's supervisor and trainer, from `/proc`.
 *
 * @module
 */
import { statFields } from "../../worker/host/process_identity.ts";
import { JobFolder } from "../../worker/job_folder.ts";

const SAMPLE_MS = 200;
/** Of `/proc/<pid>/stat`: Linux counts in hundredths of a second on every platform we know. */
const TICK_MS = 10;

/** CPU times at one moment, in milliseconds; null: there is no such process, or not any more. */
export interface CpuSample {
  /** When, as `performance.now()` tells it. */
  at: number;
  /** The supervisor itself. */
  supervisor: number | null;
  /** The programs that the supervisor ran and awaited, as long as its trainer is none of them. */
  helpers: number | null;
  /** The trainer's process group, with what ended in it. */
  trainer: number | null;
}

/**
 * Sample the only job in a root folder while a training runs there.
 *
 * @param training settles when the training has ended
 * @returns nothing on platforms other than Linux
 */
export async function sampleCpu(root: string, training: Promise<unknown>): Promise<CpuSample[]> {
  let hasEnded = Deno.build.os !== "linux";
  training.then(() => hasEnded = true, () => hasEnded = true);
  const samples: CpuSample[] = [];
  while (!hasEnded) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    samples.push(await sample(root));
  }
  return samples;
}

async function sample(root: string): Promise<CpuSample> {
  const [job] = await JobFolder.list(root).catch(() => []);
  const state = await job?.readState().catch(() => null);
  const at = performance.now();
  const stat = statOf(state?.supervisor?.pid);
  const trainer = await groupTime(state?.trainer?.pid);
  return {
    at,
    supervisor: stat && ownTime(stat),
    helpers: trainer === null ? null : stat && childrenTime(stat),
    trainer,
  };
}

async function groupTime(leader: number | undefined): Promise<number | null> {
  if (leader === undefined) return null;
  let sum = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (stat !== null && Number(stat[2]) === leader) sum += ownTime(stat) + childrenTime(stat);
  }
  return statOf(leader) === null ? null : sum;
}

function statOf(pid: number | undefined): string[] | null {
  return pid === undefined ? null : statFields(pid);
}

/** `utime` and `stime` of proc(5). */
function ownTime(stat: readonly string[]): number {
  return (Number(stat[11]) + Number(stat[12])) * TICK_MS;
}

/** `cutime` and `cstime` of proc(5): of the children that ended and were awaited. */
function childrenTime(stat: readonly string[]): number {
  return (Number(stat[13]) + Number(stat[14])) * TICK_MS;
}
