import { fileURLToPath } from "node:url";
import { SleapRtcError } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";
import { pythonOf } from "../../lib/sleap_nn/installation.ts";

/**
 * Make a data set of the demo.
 *
 * @param sleapNn absolute path of the trainer, whose Python does it
 * @param folder where the files are written; it is created
 * @param options another seed gives other pictures
 */
export async function makeData(
  sleapNn: string,
  folder: string,
  options: { seed: number },
): Promise<void> {
  const python = await pythonOf(sleapNn);
  if (python === null) throw new SleapRtcError(`Cannot tell which Python runs "${sleapNn}"`);
  const script = fileURLToPath(new URL("./make_data.py", import.meta.url));
  const made = await runProgram(python, [script, folder, "--seed", String(options.seed)]);
  if (made.code !== 0) throw new SleapRtcError(`Cannot make the data set: ${made.stderr}`);
}
