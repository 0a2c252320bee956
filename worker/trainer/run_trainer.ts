/**
 * A trainer from its word to its end.
 *
 * @module
 */
import type { ModelOutcome } from "../../lib/protocol/job_events.ts";
import { outcomeOf } from "./outcome.ts";
import type { TrainerProcess } from "./process.ts";
import { quietly, type WaitingTrainer } from "./run.ts";
import { TrainerWatch } from "./watch.ts";

/** Let the trainer go, watch it until its end, and judge what it left. */
export async function runTrainer(waiting: WaitingTrainer): Promise<ModelOutcome> {
  const { record, model, attempt, runFolder, socket, tools, process, logOffset } = waiting;
  const { registry, folder: { logPath } } = record;
  const watch = new TrainerWatch({
    model,
    attempt,
    runFolder,
    logPath,
    logOffset,
    socket,
    storedPath: (path) => registry.storedPath(path),
    record: async (body) => void await record.record(body),
  });
  const began = performance.now();
  const exitCode = await runToEnd(process, tools.stop).finally(() => watch.stop());
  const durationSeconds = (performance.now() - began) / 1000;
  const reason = tools.stop.aborted ? String(tools.stop.reason) : "crash";
  const ended = { exitCode, reason, durationSeconds, runFolder, logPath, logOffset };
  return await outcomeOf(ended, registry);
}

/** sleap-nn acts on SIGTERM after the running batch; a trainer that does not is killed. */
const STOP_GRACE_MS = 30_000;

async function runToEnd(process: TrainerProcess, stop: AbortSignal): Promise<number> {
  let killer: ReturnType<typeof setTimeout> | undefined;
  const onStop = () => {
    void quietly("tell the trainer to end", async () => await process.terminate());
    killer = setTimeout(
      () => void quietly("kill the trainer", () => process.kill()),
      STOP_GRACE_MS,
    );
  };
  stop.addEventListener("abort", onStop, { once: true });
  try {
    if (stop.aborted) onStop();
    else await process.go();
    return await process.ended();
  } finally {
    clearTimeout(killer);
    stop.removeEventListener("abort", onStop);
  }
}
