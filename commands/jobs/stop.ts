import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { requestCommand } from "./request.ts";

/** `jobs stop JOB`: end a job after its running epoch. */
export function stopCommand(): CommandUnknownOpts {
  return requestCommand({
    what: "stop",
    summary: "end a job after the running epoch, to resume it later",
    description: "End a job after the running epoch. Its model is interrupted and can be resumed " +
      "(sleap-rtc train --resume MODEL), or completes, if that epoch was its last one. A job that " +
      "predicts ends at once.",
    next: {
      train: "stops after the running epoch: its model can be resumed then, or completes, if it " +
        "was the last one",
      track: "stops: it ends without predictions",
    },
    wanted: ["interrupted", "succeeded"],
  });
}
