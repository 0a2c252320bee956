import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { requestCommand } from "./request.ts";

/** `jobs finish JOB`: let the running model be good enough. */
export function finishCommand(): CommandUnknownOpts {
  return requestCommand({
    what: "finish",
    summary: "end the running model early, as completed",
    description: "End the training of the running model early: it is evaluated and completed. " +
      "Models of the job that wait are trained as usual.",
    next: {
      train: "finishes its running model early, as completed",
      track: "finishes early",
    },
    wanted: ["succeeded"],
  });
}
