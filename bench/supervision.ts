/**
 * What supervision costs: in time, measured with a stand-in for the trainer, and in CPU time,
 * measured with the real one.
 *
 * @module
 */
import type { Measurement } from "./measurement.ts";
import { measureRealTrainer } from "./supervision/real_trainer.ts";
import { measureStandIn } from "./supervision/stand_in.ts";

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  return [...await measureStandIn(), ...await measureRealTrainer()];
}
