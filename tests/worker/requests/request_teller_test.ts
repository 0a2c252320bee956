import assert from "node:assert/strict";
import type { JobEvent } from "../../../lib/protocol/job_events.ts";
import { changeRequest } from "../../../worker/requests/job_request.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import { RequestTeller } from "../../../worker/requests/request_teller.ts";
import { RequestWatch } from "../../../worker/requests/request_watch.ts";
import { JobBed } from "../../support/job_bed.ts";

const asked_at = "2026-11-24T12:00:00.000Z";

/** The events of a job whose second model trains, of which these finishes, and then a stop, are asked. */
async function told(...finishes: number[]): Promise<JobEvent[]> {
  const models = [{ model_id: "a3f5e8c9", status: "completed" as const }, {
    model_id: "b3f5e8c9",
    status: "training" as const,
  }];
  await using bed = await JobBed.create({ status: "running", models });
  const record = await JobRecord.open(bed.folder, bed.registry, await bed.folder.readState());
  const requests = await RequestWatch.start(bed.folder, { pollMs: 60_000 });
  const teller = new RequestTeller(record, requests);
  for (const model of finishes) {
    await changeRequest(bed.folder, (now) => ({ ...now, finish: { model, asked_at } }));
    await requests.look();
  }
  await changeRequest(bed.folder, (now) => ({ ...now, end: { what: "stop", asked_at } }));
  await requests.look();
  await requests.close();
  await teller.close();
  const events = await record.bookAgain();
  await record.close();
  return events;
}

Deno.test("RequestTeller tells each wish once", async () => {
  const events = await told(1, 1);
  const wishes = events.map((event) => event.type === "requested" ? [event.what, event.model] : []);
  assert.deepEqual(wishes, [["finish", 1], ["stop", undefined]]);
});

Deno.test("RequestTeller a model that has ended cannot finish early: a warning", async () => {
  const events = await told(0, 1);
  assert.deepEqual(events.map(({ type }) => type), [
    "requested",
    "warning",
    "requested",
    "requested",
  ]);
  const warning = events.find(({ type }) => type === "warning");
  assert.ok(warning?.type === "warning" && warning.model === 0);
  assert.equal(warning.message, "Cannot finish early: the model that was meant has ended");
});
