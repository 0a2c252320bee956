import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { requestCommand } from "./request.ts";

/** `jobs cancel JOB`: end a job at once. */
export function cancelCommand(): CommandUnknownOpts {
  return requestCommand({
    what: "cancel",
    summary: "end a job at once",
    description: "End a job at once, also one that waits. What was trained until the last " +
      "checkpoint stays; nothing of unfinished predictions does.",
    next: {
      train: "is being cancelled: its trainer is told to end at once",
      track: "is being cancelled: sleap-nn is told to end at once",
    },
    wanted: ["cancelled"],
  });
}
