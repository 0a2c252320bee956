import assert from "node:assert/strict";
import { join } from "node:path";
import { type EndedTrainer, judgeTraining, type Verdict } from "../../../lib/sleap_nn/verdict.ts";
import { checkpointBytes } from "../../support/checkpoint.ts";

/** What a run folder holds: `best.ckpt` and `last.ckpt`, each with its epoch, torn, or not. */
interface Left {
  best?: number | "torn";
  last?: number | "torn";
}

async function judge(
  left: Left,
  ended: Partial<EndedTrainer>,
): Promise<{ verdict: Verdict; runFolder: string }> {
  const runFolder = await Deno.makeTempDir();
  try {
    for (const [name, epoch] of Object.entries(left)) {
      const bytes = await checkpointBytes(typeof epoch === "number" ? { epoch } : {});
      const content = epoch === "torn" ? bytes.subarray(0, 4000) : bytes;
      await Deno.writeFile(join(runFolder, `${name}.ckpt`), content);
    }
    const verdict = await judgeTraining({
      exitCode: 0,
      finishedLine: true,
      runFolder,
      reason: "crash",
      lastError: null,
      shellError: null,
      ...ended,
    });
    return { verdict, runFolder };
  } finally {
    await Deno.remove(runFolder, { recursive: true });
  }
}

Deno.test("judgeTraining() calls a finished training with its model completed", async () => {
  const { verdict, runFolder } = await judge({ best: 3, last: 4 }, {});
  assert.deepEqual(verdict, {
    status: "completed",
    reason: null,
    error: null,
    warning: null,
    bestCheckpoint: { path: join(runFolder, "best.ckpt"), epoch: 3, bytes: 8192 },
    lastCheckpoint: { path: join(runFolder, "last.ckpt"), epoch: 4, bytes: 8192 },
  });
});

Deno.test("judgeTraining() completes a training whose evaluation failed, with a warning", async () => {
  const failed = { exitCode: 1, lastError: "ValueError: Empty Frame Pairs" };
  const { verdict } = await judge({ best: 3 }, failed);
  assert.equal(verdict.status, "completed");
  assert.equal(verdict.error, null);
  assert.equal(
    verdict.warning,
    "post-training evaluation failed: ValueError: Empty Frame Pairs",
  );
  const ended = (await judge({ best: 3 }, { exitCode: 143 })).verdict;
  assert.equal(
    ended.warning,
    "post-training evaluation failed: The trainer was ended by SIGTERM",
  );
  const unknown = (await judge({ best: 3 }, { exitCode: null })).verdict;
  assert.equal(unknown.status, "completed");
  assert.match(unknown.warning ?? "", /^nobody saw the trainer end/);
});

Deno.test("judgeTraining() calls a training interrupted that left a complete checkpoint", async () => {
  const stopped = { finishedLine: false, reason: "stopped" };
  const { verdict } = await judge({ best: 1, last: 2 }, stopped);
  assert.equal(verdict.status, "interrupted");
  assert.equal(verdict.reason, "stopped");
  assert.equal(verdict.error, "The training was ended on request before its last epoch (stopped)");
  assert.equal(verdict.lastCheckpoint?.epoch, 2);
  const torn = (await judge({ best: "torn", last: 2 }, stopped)).verdict;
  assert.equal(torn.status, "interrupted");
  assert.equal(torn.bestCheckpoint, null);
});

Deno.test("judgeTraining() calls a training failed that left no complete checkpoint", async () => {
  const crashed = { exitCode: 1, finishedLine: false, lastError: "OSError: No space left" };
  for (const left of [{}, { best: "torn" }, { best: "torn", last: "torn" }] as Left[]) {
    const { verdict } = await judge(left, crashed);
    assert.equal(verdict.status, "failed");
    assert.equal(verdict.error, "OSError: No space left");
    assert.equal(verdict.bestCheckpoint ?? verdict.lastCheckpoint, null);
  }
});

Deno.test("judgeTraining() says so when a trainer exits 0 without a model", async () => {
  for (const finishedLine of [true, false]) {
    const { verdict, runFolder } = await judge({}, { finishedLine });
    assert.equal(verdict.status, "failed");
    assert.equal(
      verdict.error,
      `sleap-nn ended with exit code 0 but left no model in "${runFolder}"`,
    );
  }
});

Deno.test("judgeTraining() tells why a finished training has no usable model", async () => {
  const lastError = "FileNotFoundError: best.ckpt";
  const nothing = await judge({}, { exitCode: 1, lastError });
  const path = join(nothing.runFolder, "best.ckpt");
  assert.equal(nothing.verdict.status, "failed");
  assert.equal(
    nothing.verdict.error,
    `The training finished, but "${path}" does not exist; ${lastError}`,
  );
  const torn = await judge({ best: "torn", last: 4 }, {});
  assert.equal(torn.verdict.status, "interrupted");
  assert.match(torn.verdict.error ?? "", /best\.ckpt" is truncated: it ends after 4000 bytes$/);
});

Deno.test("judgeTraining() names the signal that ended a trainer", async () => {
  const running = { finishedLine: false, lastError: "KeyError: 'handled earlier'" };
  const errorOf = async (ended: Partial<EndedTrainer>) =>
    (await judge({ last: 0 }, { ...running, ...ended })).verdict.error;
  assert.match(await errorOf({ exitCode: 137 }) ?? "", /SIGKILL, as happens when memory runs out$/);
  assert.match(await errorOf({ exitCode: -9 }) ?? "", /SIGKILL/);
  const cancelled = await errorOf({ exitCode: 137, reason: "cancelled" });
  assert.equal(cancelled, "The training was ended on request before its last epoch (cancelled)");
  assert.equal(await errorOf({ exitCode: 139 }), "The trainer was ended by SIGSEGV");
});

Deno.test("judgeTraining() has a text for a trainer that said nothing", async () => {
  const silent = { finishedLine: false };
  const crash = (await judge({}, { ...silent, exitCode: 3 })).verdict;
  assert.equal(crash.error, "sleap-nn ended with exit code 3 and logged no error");
  const power = (await judge({ last: 1 }, { ...silent, exitCode: null, reason: "power" })).verdict;
  assert.equal(power.status, "interrupted");
  assert.equal(power.reason, "power");
  assert.equal(power.error, "The trainer is gone, its exit code is not known");
});

Deno.test("judgeTraining() tells an end on request from one that nobody asked for", async () => {
  const errorOf = async (left: Left, ended: Partial<EndedTrainer>) =>
    (await judge(left, { finishedLine: false, ...ended })).verdict.error;
  const onRequest = "The training was ended on request before its last epoch (shutdown)";
  for (const exitCode of [0, 143, 137, -15]) {
    for (const left of [{}, { last: 2 }]) {
      assert.equal(await errorOf(left, { exitCode, reason: "shutdown" }), onRequest);
    }
  }
  const loader = "RuntimeError: DataLoader worker (pid 19194) is killed by signal: Terminated.";
  const ofLoader = { exitCode: 1, lastError: loader };
  assert.equal(await errorOf({ last: 2 }, { ...ofLoader, reason: "shutdown" }), onRequest);
  assert.equal(await errorOf({ last: 2 }, ofLoader), loader, "nobody asked for it");
  assert.equal(
    await errorOf({ last: 2 }, { reason: "crash" }),
    "The training ended before its last epoch (exit code 0)",
  );
  const lastError = "torch.OutOfMemoryError: CUDA out of memory";
  const broken = { exitCode: 1, reason: "shutdown", lastError };
  assert.equal(await errorOf({}, broken), lastError, "it broke by itself");
});

Deno.test("judgeTraining() says that a trainer could not be started, in the shell's words", async () => {
  const shellError = "sh: 1: exec: /lab/sleap-nn: not found";
  for (const exitCode of [126, 127]) {
    const { verdict } = await judge({}, { exitCode, finishedLine: false, shellError });
    assert.equal(verdict.status, "failed");
    assert.equal(verdict.error, `The trainer could not be started: ${shellError}`);
    const silent = (await judge({}, { exitCode, finishedLine: false })).verdict;
    assert.equal(silent.error, `The trainer could not be started (exit code ${exitCode})`);
  }
  const ran = { exitCode: 127, finishedLine: false, shellError };
  const { verdict } = await judge({ last: 1 }, ran);
  assert.equal(verdict.error, "sleap-nn ended with exit code 127 and logged no error");
  const lastError = "OSError: no";
  assert.equal((await judge({}, { ...ran, lastError })).verdict.error, lastError);
});

Deno.test("judgeTraining() says what whoever judges knows where nobody saw the end", async () => {
  const unseenEnd = "The supervisor of the job ended before the training did";
  const unseen = { exitCode: null, finishedLine: false, unseenEnd };
  assert.equal((await judge({ last: 1 }, unseen)).verdict.error, unseenEnd);
  const lastError = "OSError: No space left";
  assert.equal((await judge({ last: 1 }, { ...unseen, lastError })).verdict.error, lastError);
  assert.equal((await judge({}, { ...unseen, exitCode: 3 })).verdict.error?.includes("3"), true);
});

Deno.test("judgeTraining() a checkpoint of the last epoch is a completed training", async () => {
  const cut = { exitCode: null, finishedLine: false, maxEpochs: 5 };
  const seen = { ...cut, exitCode: 143, reason: "stopped" };
  for (const ended of [cut, seen, { ...seen, exitCode: 0 }]) {
    const { status, warning, error } = (await judge({ best: 3, last: 4 }, ended)).verdict;
    assert.deepEqual([status, error], ["completed", null]);
    assert.match(warning ?? "", /post-training evaluation may be missing/);
  }
  assert.equal((await judge({ best: 4, last: 3 }, cut)).verdict.status, "completed");
  assert.equal((await judge({ best: 3, last: 3 }, cut)).verdict.status, "interrupted");
  assert.equal((await judge({ best: "torn", last: 4 }, cut)).verdict.status, "interrupted");
  assert.equal(
    (await judge({ best: 3, last: 4 }, { ...cut, maxEpochs: null })).verdict.status,
    "interrupted",
  );
});
