import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, ConnectionError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { recordPath } from "../../../lib/protocol/prediction_record.ts";
import { downloadOutput } from "../../../lib/transfer/download.ts";
import { IncomingFrames } from "../../../lib/transfer/incoming_frames.ts";
import { RpcPeer } from "../../../lib/rtc/rpc_peer.ts";
import { outputOf } from "../../../worker/handlers/downloads.ts";
import { DownloadBed, TRACK_JOB } from "../../support/download.ts";
import { addTrackJob } from "../../support/track_job.ts";
import { someBytes } from "../../support/transfer.ts";
import { ENDED_JOB, type ServedClient, WorkerBed } from "../../support/worker_bed.ts";

function peerOf({ client }: ServedClient) {
  const frames = new IncomingFrames();
  const reading = frames.run(client.blocks);
  const calls = new RpcPeer(client.control, { peerId: "worker", handlers: frames.handlers });
  return { peer: { calls, frames, closed: client.closed }, reading };
}

Deno.test("predictions come over WebRTC, several at once", async () => {
  await using bed = await WorkerBed.create();
  await using here = await DownloadBed.create();
  const content = someBytes(6_000_000);
  await addTrackJob(bed.root, { content });
  await using served = await bed.connect();
  const { peer } = peerOf(served);
  const targets = [1, 2].map((n) => here.target.replace(".slp", `.${n}.slp`));
  await Promise.all(targets.map((to) => downloadOutput(TRACK_JOB, peer, { to })));
  for (const to of targets) {
    assert.deepEqual(await Deno.readFile(to), content);
    const record = JSON.parse(await Deno.readTextFile(recordPath(to)));
    assert.equal(record.models[0].model_id, "a3f5e8c9");
  }
});

Deno.test("a connection that is closed in the middle: nothing stays, the worker goes on", async () => {
  await using bed = await WorkerBed.create();
  await using here = await DownloadBed.create();
  await addTrackJob(bed.root, { content: someBytes(20_000_000) });
  await using served = await bed.connect();
  let closing: Promise<void> | undefined;
  const onProgress = () => {
    closing ??= served.client.close();
  };
  const options = { to: here.target, onProgress };
  await assert.rejects(downloadOutput(TRACK_JOB, peerOf(served).peer, options), ConnectionError);
  await closing;
  await served.served;
  assert.deepEqual(await here.here(), []);
  assert.ok(await bed.nextClientIsServed());
});

Deno.test("outputOf() a job that is not there, has made nothing, or has not ended", async () => {
  await using bed = await WorkerBed.create();
  await assert.rejects(outputOf(bed.context, TRACK_JOB), NotFoundError);
  await assert.rejects(outputOf(bed.context, ENDED_JOB), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.match(error.message, /^Job job_11111111 has made no predictions: it has succeeded$/);
    return true;
  });
  const { jobId } = await bed.addWaitingJob();
  await assert.rejects(outputOf(bed.context, jobId), ConflictError);
});

Deno.test("outputOf() is only what the job has made: no link, nothing outside", async () => {
  await using bed = await WorkerBed.create();
  await using elsewhere = await DownloadBed.create();
  const { path } = await addTrackJob(bed.root);
  const place = join(path, "predictions.slp");
  const output = await outputOf(bed.context, TRACK_JOB);
  assert.equal(output.path, place);
  assert.equal(output.record?.job_id, TRACK_JOB);

  await elsewhere.write(new Uint8Array([1, 2, 3]));
  const secret = elsewhere.source;
  await Deno.remove(place);
  await Deno.symlink(secret, place);
  await assert.rejects(outputOf(bed.context, TRACK_JOB), UsageError);
  await Deno.remove(place);
  await Deno.symlink(join(path, "spec.json"), place);
  await assert.rejects(outputOf(bed.context, TRACK_JOB), ConflictError);
  await Deno.remove(place);
  await assert.rejects(outputOf(bed.context, TRACK_JOB), NotFoundError);
});

Deno.test("outputOf() in a mount, and not in any other folder", async () => {
  await using bed = await WorkerBed.create();
  await using elsewhere = await DownloadBed.create();
  const outputPath = await Deno.realPath(elsewhere.source.replace(/\/[^/]*$/, ""))
    .then((folder) => join(folder, "out.slp"));
  await addTrackJob(bed.root, { outputPath });
  await assert.rejects(outputOf(bed.context, TRACK_JOB), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.hint ?? "", /the worker's own machine/);
    return true;
  });
  const mounts = [{ path: join(outputPath, ".."), label: "data" }];
  const context = { ...bed.context, info: { ...bed.context.info, mounts } };
  assert.equal((await outputOf(context, TRACK_JOB)).path, outputPath);
});

Deno.test("outputOf() with a record that is missing, damaged, too large or of others", async () => {
  await using bed = await WorkerBed.create();
  const { path } = await addTrackJob(bed.root);
  const place = recordPath(join(path, "predictions.slp"));
  const good = JSON.parse(await Deno.readTextFile(place));
  const wrong = [
    "",
    "{",
    "{}",
    JSON.stringify({ ...good, output: { ...good.output, sha256: "0".repeat(64) } }),
    JSON.stringify({ ...good, note: "x".repeat(20_000) }),
  ];
  for (const text of wrong) {
    await Deno.writeTextFile(place, text);
    assert.equal((await outputOf(bed.context, TRACK_JOB)).record, null);
  }
  await Deno.remove(place);
  assert.equal((await outputOf(bed.context, TRACK_JOB)).record, null);
});
