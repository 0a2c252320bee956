/**
 * A supervisor that is killed at one point of a prediction: `deno run -A … FOLDER POINT`.
 *
 * @module
 */
import { EventWriter } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { supervise } from "../../worker/supervisor.ts";

/** Points before there is anything that could count. */
export const EARLY_POINTS = [
  "before the process is written down",
  "between the process's state and its event",
  "after the first frames",
  "between the predictions' end and their record",
] as const;

/** Points after which the predictions can be proved whole. */
export const LATE_POINTS = [
  "between the record and the predictions",
  "between the predictions and their event",
  "between their event and the job's end",
  "between the end of the job and its result",
  "between the result and the final state",
] as const;

/** Where it is killed. */
export type PredictionKillPoint = typeof EARLY_POINTS[number] | typeof LATE_POINTS[number];

type Method = (...args: unknown[]) => Promise<unknown>;

async function strike(): Promise<void> {
  Deno.kill(Deno.pid, "SIGKILL");
  // A signal to oneself may take a moment.
  await new Promise(() => {});
}

/** The supervisor is killed before or after a call that fits. */
function killAt<T, K extends keyof T>(
  target: T,
  name: K,
  when: "before" | "after",
  fits: (...args: unknown[]) => boolean = () => true,
): void {
  const real = target[name] as Method;
  target[name] = async function (this: T, ...args: unknown[]): Promise<unknown> {
    if (when === "before" && fits(...args)) await strike();
    const result = await real.apply(this, args);
    if (when === "after" && fits(...args)) await strike();
    return result;
  } as T[K];
}

function isEvent(type: string): (body: unknown) => boolean {
  return (body) => (body as { type: string }).type === type;
}

/** A file gets its final name, by a link or where one is replaced. */
function killAtNaming(name: string, when: "before" | "after"): void {
  const fits = (_from: unknown, to: unknown) => String(to).endsWith(name);
  killAt(Deno, "link", when, fits);
  killAt(Deno, "rename", when, fits);
}

function arrange(point: PredictionKillPoint): void {
  const writer = EventWriter.prototype;
  const folder = JobFolder.prototype;
  switch (point) {
    case "before the process is written down":
      return killAt(
        folder,
        "writeState",
        "before",
        (state) => (state as { trainer: unknown }).trainer !== null,
      );
    case "between the process's state and its event":
      return killAt(writer, "append", "before", isEvent("predictor_started"));
    case "after the first frames":
      return killAt(writer, "append", "after", isEvent("frames"));
    case "between the predictions' end and their record":
      return killAtNaming("mine.slp.json", "before");
    case "between the record and the predictions":
      return killAtNaming("mine.slp", "before");
    case "between the predictions and their event":
      return killAtNaming("mine.slp", "after");
    case "between their event and the job's end":
      return killAt(writer, "append", "before", isEvent("job_finished"));
    case "between the end of the job and its result":
      return killAt(folder, "writeResult", "before");
    case "between the result and the final state":
      return killAt(folder, "writeResult", "after");
  }
}

if (import.meta.main) {
  const [path = "", point] = Deno.args as [string, PredictionKillPoint];
  arrange(point);
  await supervise(new JobFolder(path), new AbortController().signal);
}
