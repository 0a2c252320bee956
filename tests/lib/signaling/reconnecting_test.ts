import assert from "node:assert/strict";
import { NotAuthorisedError } from "../../../lib/errors.ts";
import {
  type ReconnectingOptions,
  ReconnectingSignaling,
} from "../../../lib/signaling/reconnecting.ts";
import { SignalingClient } from "../../../lib/signaling/client.ts";
import { Inbox } from "../../support/inbox.ts";
import { SignalingBed } from "../../support/signaling.ts";

/** A worker that says when its connection changes. */
class WorkerBed {
  readonly changes = new Inbox<string | null>();
  readonly options: ReconnectingOptions;

  constructor(bed: SignalingBed, more: Partial<ReconnectingOptions> = {}) {
    this.options = {
      ...bed.options("gpu1", { role: "worker", metadata: { properties: { status: "available" } } }),
      firstDelay: 5,
      maxDelay: 20,
      onChange: this.changes.push,
      ...more,
    };
  }
}

Deno.test("a restarted server: accounts survive, and peers come back with what they last said", async () => {
  await using bed = await SignalingBed.create();
  const { options, changes } = new WorkerBed(bed);
  await using worker = await ReconnectingSignaling.connect(options);
  await worker.updateMetadata({ properties: { status: "busy" } });
  await bed.stop();
  assert.equal(typeof await changes.next(), "string");
  assert.equal(worker.isConnected, false);
  await worker.updateMetadata({ properties: { job: "job_1" } });
  bed.restart();
  assert.equal(await changes.next(), null);
  assert.equal(worker.isConnected, true);
  await using client = await SignalingClient.connect(bed.options("laptop"));
  const [peer] = await client.discover();
  assert.deepEqual(peer?.metadata["properties"], { status: "busy", job: "job_1" });
  client.send({ type: "offer", to: "gpu1", payload: { sdp: "v=0" } });
  for await (const signal of worker.messages()) {
    if (signal.type === "peer_joined") continue;
    assert.equal(signal.type, "offer");
    break;
  }
});

Deno.test("metadata that the server refuses is not sent again", async () => {
  await using bed = await SignalingBed.create();
  const { options, changes } = new WorkerBed(bed);
  await using worker = await ReconnectingSignaling.connect(options);
  await assert.rejects(
    worker.updateMetadata({ properties: { text: "x".repeat(40_000) } }),
    /Metadata is too big/,
  );
  await bed.stop();
  await changes.next();
  bed.restart();
  assert.equal(await changes.next(), null);
});

Deno.test("a key that was revoked ends the attempts to come back", async () => {
  await using bed = await SignalingBed.create();
  const { options } = new WorkerBed(bed);
  await using worker = await ReconnectingSignaling.connect(options);
  bed.accounts.revoke(options.credential);
  await bed.stop();
  bed.restart();
  const { kind, reason } = await worker.ended;
  assert.equal(kind, "refused");
  assert.match(reason, /Account key revoked/);
  await assert.rejects(ReconnectingSignaling.connect(options), NotAuthorisedError);
});

Deno.test("two workers of one name do not push each other out for ever", async () => {
  await using bed = await SignalingBed.create();
  const { options } = new WorkerBed(bed);
  await using first = await ReconnectingSignaling.connect(options);
  await using second = await ReconnectingSignaling.connect(options);
  assert.equal((await first.ended).kind, "superseded");
  assert.ok(second.isConnected);
  assert.deepEqual(await second.discover(), []);
});

Deno.test("it can be closed while it tries to come back", async () => {
  await using bed = await SignalingBed.create();
  const { options, changes } = new WorkerBed(bed, { firstDelay: 60_000, maxDelay: 60_000 });
  const worker = await ReconnectingSignaling.connect(options);
  await bed.stop();
  await changes.next();
  await worker.close();
  assert.equal((await worker.ended).kind, "closed");
  assert.equal((await worker.messages().next()).done, true);
});
