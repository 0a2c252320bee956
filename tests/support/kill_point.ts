/**
 * A supervisor that is killed at one point of its work: `deno run -A kill_point.ts FOLDER POINT WHOM`.
 *
 * @module
 */
import { ModelRegistry } from "../../lib/registry.ts";
import { EventWriter } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { JobRecord } from "../../worker/record/job_record.ts";
import { supervise } from "../../worker/supervisor.ts";
import { TrainerProcess } from "../../worker/trainer/process.ts";

/** Points at which the trainer lives; from the third on it trains. */
export const TRAINER_POINTS = [
  "between the trainer's spawn and the state",
  "between the trainer's state and its event",
  "between an epoch and its booking",
  "between a checkpoint and its event",
  "between a checkpoint's event and its booking",
] as const;

/** Points at which it does not. */
export const OTHER_POINTS = [
  "before the registration",
  "between the registration and the state",
  "between the trainer's end and its event",
  "between the end of a model and its booking",
  "between the completed entry and the state",
  "between the end of the job and its result",
  "between the result and the final state",
] as const;

/** Where it is killed. */
export type KillPoint = typeof TRAINER_POINTS[number] | typeof OTHER_POINTS[number];

/** Who is killed there. */
export type Victim = "supervisor" | "trainer" | "both";

type Event = Parameters<EventWriter["append"]>[0];

/** Something is done before or after one method of a class, for calls that fit. */
function at<T, K extends keyof T>(
  prototype: T,
  method: K,
  when: "before" | "after",
  strike: () => Promise<void>,
  fits: (argument: unknown) => boolean = () => true,
): void {
  const real = prototype[method] as (...args: unknown[]) => Promise<unknown>;
  prototype[method] = async function (this: T, ...args: unknown[]): Promise<unknown> {
    if (when === "before" && fits(args[0])) await strike();
    const result = await real.apply(this, args);
    if (when === "after" && fits(args[0])) await strike();
    return result;
  } as T[K];
}

function isEvent(type: Event["type"]): (argument: unknown) => boolean {
  return (body) => (body as Event).type === type;
}

/** Let `strike` happen at a point. */
function arrange(point: KillPoint, strike: () => Promise<void>): void {
  const registry = ModelRegistry.prototype;
  const writer = EventWriter.prototype;
  const folder = JobFolder.prototype;
  switch (point) {
    case "before the registration":
      return at(registry, "register", "before", strike);
    case "between the registration and the state":
      at(registry, "resume", "after", strike);
      return at(registry, "register", "after", strike);
    case "between the trainer's spawn and the state":
      return at(folder, "writeState", "before", strike, hasTrainer);
    case "between the trainer's state and its event":
      return at(writer, "append", "before", strike, isEvent("trainer_started"));
    case "between an epoch and its booking":
      return at(writer, "append", "after", strike, isEvent("epoch"));
    case "between a checkpoint and its event":
      return at(writer, "append", "before", strike, isEvent("checkpoint"));
    case "between a checkpoint's event and its booking":
      return at(writer, "append", "after", strike, isEvent("checkpoint"));
    case "between the trainer's end and its event":
      return at(writer, "append", "before", strike, isEvent("model_finished"));
    case "between the end of a model and its booking":
      return at(writer, "append", "after", strike, isEvent("model_finished"));
    case "between the completed entry and the state":
      return at(JobRecord.prototype, "modelFinished", "after", strike);
    case "between the end of the job and its result":
      return at(folder, "writeResult", "before", strike);
    case "between the result and the final state":
      return at(folder, "writeResult", "after", strike);
  }
}

function hasTrainer(state: unknown): boolean {
  return (state as { trainer: unknown }).trainer !== null;
}

if (import.meta.main) {
  const [path = "", point, victim] = Deno.args as [string, KillPoint, Victim];
  let group: number | null = null;
  const prepare = TrainerProcess.prepare;
  TrainerProcess.prepare = async (command) => {
    const process = await prepare(command);
    group = process.identity.pid;
    return process;
  };
  let isStruck = false;
  arrange(point, async () => {
    if (isStruck) return;
    isStruck = true;
    if (victim !== "supervisor" && group !== null) Deno.kill(-group, "SIGKILL");
    if (victim !== "trainer") Deno.kill(Deno.pid, "SIGKILL");
    // A signal to oneself may take a moment.
    if (victim !== "trainer") await new Promise(() => {});
  });
  await supervise(new JobFolder(path), new AbortController().signal);
}
