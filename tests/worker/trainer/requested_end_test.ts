import assert from "node:assert/strict";
import type { ControlSocket } from "../../../lib/sleap_nn/control_socket.ts";
import type { PresentWish } from "../../../worker/requests/request_watch.ts";
import {
  askedEnd,
  type EndableTrainer,
  RequestedEnd,
} from "../../../worker/trainer/requested_end.ts";
import type { TrainerSight } from "../../../worker/trainer/watch.ts";

const NOTHING: PresentWish = { end: null, finish: null, isLost: false, onLost: "continue" };
const STOP = { how: "after epoch", reason: "stopped" } as const;
const CANCEL = { how: "now", reason: "cancelled" } as const;
const FINISH = { how: "finish" } as const;

/** A trainer that notes what is done to it. */
class FakeTrainer implements EndableTrainer {
  readonly done: string[] = [];
  readonly end: RequestedEnd;
  readonly socket: ControlSocket | null;
  checkpoint = -1;

  constructor(readonly maxEpochs: number | null = 10, options = { hasSocket: true }) {
    this.socket = options.hasSocket ? this.#makeSocket() : null;
    this.end = new RequestedEnd(this, { graceMs: 0 });
  }

  lastCheckpoint(): Promise<number> {
    return Promise.resolve(this.checkpoint);
  }

  terminate(): void {
    this.done.push("SIGTERM");
  }

  kill(): void {
    this.done.push("SIGKILL");
  }

  warn(message: string): void {
    this.done.push(message);
  }

  /** Ask, and let what that begins come to its end. */
  async ask(...[asked]: Parameters<RequestedEnd["ask"]>): Promise<void> {
    this.end.ask(asked);
    await Promise.resolve();
    await Promise.resolve();
  }

  see(sight: Partial<TrainerSight>): void {
    this.end.see({ epoch: -1, lastCheckpoint: -1, finished: false, stopReceived: false, ...sight });
  }

  #makeSocket(): ControlSocket {
    return {
      publishPort: 1,
      controllerPort: 2,
      messages: (async function* () {})(),
      requestStop: (signal) => {
        this.done.push("ask");
        signal?.addEventListener("abort", () => this.done.push("ask no more"));
      },
      close: () => Promise.resolve(),
    };
  }
}

function withTrainer(
  trainer: FakeTrainer,
  use: (trainer: FakeTrainer) => Promise<void>,
): () => Promise<void> {
  return async () => {
    await use(trainer);
    trainer.end.dispose();
  };
}

Deno.test("askedEnd() cancel outweighs shutdown, that stop, that finish", () => {
  const idle = new AbortController().signal;
  const shutdown = AbortSignal.abort("shutdown");
  const all: PresentWish = { end: "cancel", finish: 0, isLost: true, onLost: "stop" };
  assert.deepEqual(askedEnd(all, 0, shutdown), CANCEL);
  assert.deepEqual(askedEnd({ ...all, end: "stop" }, 0, shutdown), {
    how: "now",
    reason: "shutdown",
  });
  assert.deepEqual(askedEnd({ ...all, end: "stop" }, 0, idle), STOP);
  assert.deepEqual(askedEnd({ ...all, end: null }, 0, idle), {
    how: "after epoch",
    reason: "connection lost",
  });
  assert.deepEqual(askedEnd({ ...all, end: null, onLost: "continue" }, 0, idle), FINISH);
  assert.equal(askedEnd({ ...all, end: null, onLost: "continue" }, 1, idle), null, "another model");
  assert.equal(askedEnd(NOTHING, 0, idle), null);
});

Deno.test(
  "RequestedEnd stop waits for the running epoch's checkpoint, then one SIGTERM",
  withTrainer(new FakeTrainer(), async (trainer) => {
    trainer.see({ epoch: 2, lastCheckpoint: 1 });
    trainer.checkpoint = 2;
    await trainer.ask(STOP);
    trainer.see({ epoch: 2, lastCheckpoint: 2 });
    assert.deepEqual(trainer.done, [], "that checkpoint was there before");
    trainer.see({ epoch: 3, lastCheckpoint: 2 });
    assert.deepEqual(trainer.done, []);
    trainer.see({ epoch: 3, lastCheckpoint: 3 });
    trainer.see({ epoch: 3, lastCheckpoint: 3 });
    await trainer.ask(STOP);
    assert.deepEqual(trainer.done, ["SIGTERM"]);
    assert.equal(trainer.end.reason, "stopped");
  }),
);

Deno.test(
  "RequestedEnd stop in the last epoch, or when fit is over, lets it complete",
  withTrainer(new FakeTrainer(4), async (trainer) => {
    await trainer.ask(STOP);
    trainer.see({ epoch: 3, lastCheckpoint: 2 });
    trainer.see({ epoch: 3, lastCheckpoint: 3 });
    trainer.see({ epoch: 2, lastCheckpoint: 2, finished: true });
    trainer.see({ epoch: 2, lastCheckpoint: 2, stopReceived: true });
    assert.deepEqual(trainer.done, []);
    assert.equal(trainer.end.reason, null);
  }),
);

Deno.test(
  "RequestedEnd stop does not wait for a checkpoint that never comes",
  withTrainer(new FakeTrainer(null), async (trainer) => {
    trainer.see({ epoch: 2 });
    await trainer.ask(STOP);
    trainer.see({ epoch: 3 });
    assert.deepEqual(trainer.done, []);
    trainer.see({ epoch: 4 });
    assert.deepEqual(trainer.done, ["SIGTERM"]);
  }),
);

Deno.test("RequestedEnd a trainer that crashed while it was to stop was told nothing", async () => {
  const trainer = new FakeTrainer();
  await trainer.ask(STOP);
  trainer.end.dispose();
  trainer.see({ epoch: 0, lastCheckpoint: 0 });
  assert.deepEqual(trainer.done, []);
  assert.equal(trainer.end.reason, null);
});

Deno.test(
  "RequestedEnd stop of a resumed training waits for the checkpoint of its first epoch",
  withTrainer(new FakeTrainer(100), async (trainer) => {
    await trainer.ask(STOP);
    trainer.see({ epoch: 39 });
    trainer.see({ epoch: 39 });
    assert.deepEqual(trainer.done, []);
    trainer.see({ epoch: 39, lastCheckpoint: 39 });
    assert.deepEqual(trainer.done, ["SIGTERM"]);
  }),
);

Deno.test(
  "RequestedEnd a stop for a lost connection is taken back in time",
  withTrainer(new FakeTrainer(), async (trainer) => {
    await trainer.ask({ how: "after epoch", reason: "connection lost" });
    await trainer.ask(null);
    trainer.see({ epoch: 0, lastCheckpoint: 0 });
    assert.deepEqual(trainer.done, []);
  }),
);

Deno.test(
  "RequestedEnd cancel is SIGTERM at once, after the grace SIGKILL",
  withTrainer(new FakeTrainer(), async (trainer) => {
    await trainer.ask(STOP);
    await trainer.ask(CANCEL);
    assert.deepEqual(trainer.done, ["SIGTERM"]);
    assert.equal(trainer.end.reason, "cancelled");
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(trainer.done, ["SIGTERM", "SIGKILL"]);
  }),
);

Deno.test(
  "RequestedEnd cancel after the SIGTERM of a stop sends no second one",
  withTrainer(new FakeTrainer(), async (trainer) => {
    await trainer.ask(STOP);
    trainer.see({ epoch: 0, lastCheckpoint: 0 });
    await trainer.ask(CANCEL);
    assert.deepEqual(trainer.done, ["SIGTERM"]);
    assert.equal(trainer.end.reason, "cancelled");
  }),
);

Deno.test(
  "RequestedEnd finish asks until the trainer has taken it",
  withTrainer(new FakeTrainer(), async (trainer) => {
    await trainer.ask(FINISH);
    await trainer.ask(FINISH);
    trainer.see({ epoch: 0 });
    assert.deepEqual(trainer.done, ["ask"]);
    trainer.see({ epoch: 0, stopReceived: true });
    await trainer.ask(FINISH);
    assert.deepEqual(trainer.done, ["ask", "ask no more"]);
    assert.equal(trainer.end.hasTakenFinish, true);
    assert.equal(trainer.end.reason, null);
  }),
);

Deno.test(
  "RequestedEnd a stop outweighs a finish that was not taken yet",
  withTrainer(new FakeTrainer(), async (trainer) => {
    await trainer.ask(FINISH);
    await trainer.ask(STOP);
    trainer.see({ epoch: 0, lastCheckpoint: 0 });
    assert.deepEqual(trainer.done, ["ask", "ask no more", "SIGTERM"]);
  }),
);

Deno.test(
  "RequestedEnd finish without a control socket is a warning, once",
  withTrainer(new FakeTrainer(10, { hasSocket: false }), async (trainer) => {
    await trainer.ask(FINISH);
    assert.match(trainer.done[0] ?? "", /^Cannot finish the training early: it has no control/);
    await trainer.ask(FINISH);
    assert.equal(trainer.done.length, 1);
  }),
);

Deno.test(
  "RequestedEnd finish during the evaluation is a warning",
  withTrainer(new FakeTrainer(), async (trainer) => {
    trainer.see({ epoch: 9, lastCheckpoint: 9, finished: true });
    await trainer.ask(FINISH);
    assert.match(trainer.done[0] ?? "", /^Cannot finish the training early: it has just ended/);
  }),
);
