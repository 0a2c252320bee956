/**
 * The script's interventions, carried out when a run reaches their point.
 *
 * @module
 */
import { traceback, TrainerFailure } from "./python/failure.ts";
import type { TrainerProcess } from "./process.ts";
import type { FailurePoint, FilePoint, Point, Stage, StandInScript } from "./script.ts";

const POLL_MS = 5;

/** Where in a run we are; a stage without epochs or batches leaves them out. */
export interface Moment {
  stage: Stage;
  epoch?: number;
  batch?: number;
}

/** Carries out a script's interventions. */
export class Faults {
  readonly #script: StandInScript;
  readonly #process: TrainerProcess;

  constructor(script: StandInScript, process: TrainerProcess) {
    this.#script = script;
    this.#process = process;
  }

  /**
   * Do what the script asks for at this moment.
   *
   * @throws {TrainerFailure} where the script lets the trainer fail
   */
  async at(moment: Moment): Promise<void> {
    const { failAt, dieBySignalAt, hangAt } = this.#script;
    for (const { file, ...point } of points(this.#script.touchFileAt)) {
      if (isAt(point, moment)) Deno.writeFileSync(file, new Uint8Array());
    }
    for (const { file, ...point } of points(this.#script.waitForFileAt)) {
      if (isAt(point, moment)) await this.#waitForFile(file);
    }
    if (dieBySignalAt && isAt(dieBySignalAt, moment)) {
      await this.#process.dieBy(dieBySignalAt.signal);
    }
    if (hangAt && isAt(hangAt, moment)) await this.#process.hang();
    if (failAt && isAt(failAt, moment)) throw scripted(failAt);
  }

  async #waitForFile(file: string): Promise<void> {
    while (!exists(file) && !this.#process.sigtermReceived) await this.#process.pause(POLL_MS);
  }
}

function points(value: FilePoint | FilePoint[] | undefined): FilePoint[] {
  return value === undefined ? [] : [value].flat();
}

function isAt(point: Point, moment: Moment): boolean {
  const { stage = "epoch", epoch = 0, batch = 0 } = point;
  return stage === moment.stage && epoch === (moment.epoch ?? epoch) &&
    batch === (moment.batch ?? batch);
}

function scripted({ stderr, exitCode = 1 }: FailurePoint): TrainerFailure {
  return stderr === undefined && exitCode === 1
    ? traceback(["RuntimeError: failure asked for by the script"])
    : new TrainerFailure(stderr ?? [], { exitCode });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
