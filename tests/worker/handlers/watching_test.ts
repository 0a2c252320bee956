import assert from "node:assert/strict";
import { encodeJobEvent, type JobEvent } from "../../../lib/protocol/job_events.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import type { ClientLine } from "../../../worker/handlers/client_line.ts";
import { Submissions } from "../../../worker/handlers/submissions.ts";
import { WatchHandlers } from "../../../worker/handlers/watching.ts";
import { ENDED_JOB, WorkerBed } from "../../support/worker_bed.ts";

Deno.test("what waits for a client that takes nothing is bounded", async () => {
  await using bed = await WorkerBed.create(100);
  const gone = new AbortController();
  const room = Promise.withResolvers<void>();
  const sent: string[] = [];
  const told = Promise.withResolvers<void>();
  let notices = 0;
  const line: ClientLine = {
    gone: gone.signal,
    send: async (text) => {
      sent.push(text);
      await room.promise;
    },
    notify: async () => {
      notices++;
      told.resolve();
      await room.promise;
    },
  };
  const watching = new WatchHandlers(bed.context, line);
  const asking = new Submissions(bed.context, line);
  const submissions = Array.from(
    { length: 500 },
    (_, n) => asking.receive(`JOB_SUBMIT::c${n}::{}`),
  );
  for (let n = 0; n < 500; n++) {
    await watching.handlers[WORKER_METHODS.watchJob]({ job_id: ENDED_JOB });
  }
  await told.promise;
  assert.ok(sent.length <= 64, `${sent.length} answers`);
  assert.ok(sent.some((text) => text.includes("Too many jobs")));
  assert.equal(notices, 1, "one relay, one notice");
  gone.abort();
  room.resolve();
  await Promise.all(submissions);
});

Deno.test("a long job is told in few messages: of its batches the newest one alone", async () => {
  await using bed = await WorkerBed.create();
  const { eventsPath } = await bed.context.queue.find(ENDED_JOB);
  const lines = Array.from({ length: 20_000 }, (_, n) => encodeJobEvent(eventOfLongJob(n + 1)));
  await Deno.writeTextFile(eventsPath, `${lines.join("\n")}\n`);
  const ended = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const told: JobEvent[] = [];
  const watching = new WatchHandlers(bed.context, {
    gone: new AbortController().signal,
    send: () => Promise.resolve(),
    notify: (method, params) => {
      const { event, events = [] } = params as { event?: JobEvent; events?: JobEvent[] };
      told.push(...event ? [event] : events);
      sizes.push(JSON.stringify(params).length);
      if (method === WORKER_METHODS.jobEnded) ended.resolve();
      return Promise.resolve();
    },
  });
  await watching.handlers[WORKER_METHODS.watchJob]({ job_id: ENDED_JOB });
  await ended.promise;
  const epochs = Array.from({ length: 200 }, (_, n) => 100 * (n + 1));
  assert.deepEqual(told.map(({ seq }) => seq), [...epochs.slice(0, -1), 19_999, 20_000]);
  assert.ok(sizes.length < 10, `${sizes.length} messages`);
  assert.ok(Math.max(...sizes) < 21_000, `${Math.max(...sizes)} in one message`);
});

/** An epoch of a hundred batches' time. */
function eventOfLongJob(seq: number): JobEvent {
  const place = { seq, time: "2026-11-24T08:00:00.000Z", model: 0, attempt: 1 };
  const epoch = Math.floor(seq / 100);
  return seq % 100 === 0
    ? { ...place, type: "epoch", epoch, train_loss: 0.5, val_loss: 0.25 }
    : { ...place, type: "batch", epoch, batch: seq % 100, loss: 0.5 };
}
