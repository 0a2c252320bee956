/**
 * What supervision costs: in time, measured with a stand-in for the trainer, and in CPU time,
 * measured with the real one.
 *
 * @module
 */
import type { Measurement } from "./measurement.ts";
import { measureRealTrainer } from "./supervision/real_trainer.ts";
import { measureStandIn } from "./supervision/stand_in.ts";
import { buildProgram, withFolder } from "./supervision/train_locally.ts";

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  return await withFolder(async (folder) => {
    const program = await buildProgram(folder);
    return [...await measureStandIn(program), ...await measureRealTrainer(program)];
  });
}
