import { SleapRtcError } from "../errors.ts";
import type { SleapNn } from "./executable.ts";
import { pythonOf } from "./installation.ts";

/**
 * The Python that a sleap-nn runs with: it reads labels and videos as sleap-nn does.
 *
 * @returns an absolute path
 * @throws {SleapRtcError} when the executable does not tell
 */
export async function pythonOfTrainer(trainer: SleapNn): Promise<string> {
  const python = await pythonOf(trainer.path);
  if (python !== null) return python;
  throw new SleapRtcError(`Cannot look into labels and videos: "${trainer.path}" names no Python`, {
    hint: "Let SLEAP_RTC_SLEAP_NN name sleap-nn itself there, not a script around it.",
  });
}
