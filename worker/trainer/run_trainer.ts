/**
 * A trainer from its word to its end, and what is asked of it meanwhile.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelOutcome } from "../../lib/protocol/job_events.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { ConnectionTeller } from "./connection_teller.ts";
import { outcomeOf } from "./outcome.ts";
import { askedEnd, RequestedEnd } from "./requested_end.ts";
import { withRequest } from "./requested_outcome.ts";
import { quietly, type WaitingTrainer } from "./run.ts";
import { type TrainerSight, TrainerWatch } from "./watch.ts";

/** Let the trainer go, watch it until its end, and judge what it left. */
export async function runTrainer(waiting: WaitingTrainer): Promise<ModelOutcome> {
  const { record, model, runFolder, logOffset, tools: { requests } } = waiting;
  const { registry, folder: { logPath } } = record;
  const end = requestedEndOf(waiting);
  const watch = watchOf(waiting, (sight) => end.see(sight));
  const teller = new ConnectionTeller(waiting, requests);
  const began = performance.now();
  const exitCode = await runToEnd(waiting, end)
    .finally(() => teller.close())
    .finally(() => watch.stop());
  const durationSeconds = (performance.now() - began) / 1000;
  const reason = end.reason ?? "crash";
  const ended = { exitCode, reason, durationSeconds, runFolder, logPath, logOffset };
  const outcome = await outcomeOf(ended, registry);
  await requests.look();
  const finish = end.hasTakenFinish ? "taken" : "asked";
  return withRequest(outcome, {
    end: requests.now.end,
    finish: requests.now.finish === model ? finish : null,
    maxEpochs: maxEpochsOf(waiting),
  });
}

function watchOf(waiting: WaitingTrainer, onSight: (sight: TrainerSight) => void): TrainerWatch {
  const { record, model, attempt, runFolder, socket, logOffset, firstEpoch } = waiting;
  return new TrainerWatch({
    model,
    attempt,
    runFolder,
    logPath: record.folder.logPath,
    logOffset,
    socket,
    firstEpoch,
    storedPath: (path) => record.registry.storedPath(path),
    record: async (body) => void await record.record(body),
    onSight,
  });
}

function requestedEndOf(waiting: WaitingTrainer): RequestedEnd {
  const { record, model, runFolder, socket, process } = waiting;
  const lastPath = join(runFolder, "last.ckpt");
  const warn = async (message: string) =>
    void await record.record({ type: "warning", model, message });
  return new RequestedEnd({
    maxEpochs: maxEpochsOf(waiting),
    socket,
    async lastCheckpoint() {
      const checkpoint = await readCheckpoint(lastPath);
      return checkpoint.ok ? checkpoint.epoch : -1;
    },
    terminate: () => void quietly("tell the trainer to end", async () => await process.terminate()),
    kill: () => void quietly("kill the trainer", () => process.kill()),
    warn: (message) => void quietly("tell why not", () => warn(message)),
  });
}

function maxEpochsOf({ config, overrides }: WaitingTrainer): number | null {
  return overrides.max_epochs ?? config.maxEpochs;
}

async function runToEnd(waiting: WaitingTrainer, end: RequestedEnd): Promise<number> {
  const { model, process, tools: { requests, stop } } = waiting;
  const ask = () => end.ask(askedEnd(requests.now, model, stop));
  const unsubscribe = requests.onChange(ask);
  stop.addEventListener("abort", ask, { once: true });
  try {
    ask();
    if (end.reason === null) await process.go();
    return await process.ended();
  } finally {
    unsubscribe();
    stop.removeEventListener("abort", ask);
    end.dispose();
  }
}
