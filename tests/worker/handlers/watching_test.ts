import assert from "node:assert/strict";
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
