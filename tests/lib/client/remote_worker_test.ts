import assert from "node:assert/strict";
import * as v from "valibot";
import { RemoteWorker } from "../../../lib/client/remote_worker.ts";
import { askWorkers } from "../../../lib/client/ask_workers.ts";
import { enterRoom } from "../../../lib/client/room_member.ts";
import { workersOf } from "../../../lib/client/worker_peers.ts";
import type { JoinedRoom } from "../../../lib/credentials.ts";
import { ConnectionError } from "../../../lib/errors.ts";
import type { TrainSubmission } from "../../../lib/protocol/job_submit.ts";
import { DOWNLOAD_METHODS } from "../../../lib/protocol/download.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { SignalingClient } from "../../../lib/signaling/client.ts";
import { DownloadSender } from "../../../lib/transfer/download_sender.ts";
import type { PeerConnection } from "../../../lib/rtc/peer_connection.ts";
import { DownloadBed, TRACK_JOB } from "../../support/download.ts";
import { type FakeClient, type FakeHandler, FakeWorker } from "../../support/fake_worker.ts";
import { SignalingBed } from "../../support/signaling.ts";
import { someBytes } from "../../support/transfer.ts";

const { jobEnded, jobEvent, watchJob } = WORKER_METHODS;
const JOB = "job_11111111";

function roomOf(bed: SignalingBed): JoinedRoom {
  return {
    server: bed.url,
    room_id: bed.roomId,
    room_name: bed.roomId,
    account_key: bed.member().key,
    secret: "correct horse battery staple",
    allow_legacy: false,
    joined_at: "",
    joined_with: "",
  };
}

async function connect(room: JoinedRoom, reconnectMs?: number): Promise<RemoteWorker> {
  await using signaling = await enterRoom(room);
  const [peer] = workersOf(await signaling.discover({ role: "worker" }));
  assert.ok(peer);
  return await RemoteWorker.connect(
    signaling,
    room,
    peer,
    reconnectMs === undefined ? {} : { reconnectMs },
  );
}

Deno.test("a submission whose answer is lost is sent again with its key: one job", async () => {
  await using bed = await SignalingBed.create();
  const room = roomOf(bed);
  const keys: unknown[] = [];
  await using _fake = await FakeWorker.enter(room, "gpu1", {
    onSubmit: ({ idempotency_key }: Partial<TrainSubmission>, { connection }) => {
      keys.push(idempotency_key);
      if (keys.length === 3) return JOB;
      void connection.close();
      return null;
    },
  });
  await using worker = await connect(room);
  assert.equal(await worker.submit({ type: "train" }), JOB);
  assert.equal(keys.length, 3);
  assert.match(String(keys[0]), /^[\w-]{8,64}$/);
  assert.equal(new Set(keys).size, 1);
});

Deno.test("a worker that stays away: exit 5 says how to attach, or where to look", async () => {
  for (const isWatched of [true, false]) {
    await using bed = await SignalingBed.create();
    const room = roomOf(bed);
    const fake = await FakeWorker.enter(room, "gpu1", { handlers: { [watchJob]: () => null } });
    await using worker = await connect(room, 300);
    const watching = isWatched
      ? Array.fromAsync(worker.watch(JOB, 0, new AbortController().signal))
      : worker.submit({ type: "train" });
    const failed = assert.rejects(watching, (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.match(error.message, /, and worker "gpu1" is gone$/);
      const next = isWatched ? `attach ${JOB}` : "list";
      const place = `--room ${room.room_id} --worker gpu1`;
      assert.ok(error.hint?.endsWith(`sleap-rtc jobs ${next} ${place}`), error.hint);
      return true;
    });
    await fake.seenUntil(isWatched ? watchJob : "submit");
    await fake[Symbol.asyncDispose]();
    await failed;
  }
});

Deno.test("a worker that does not answer: the time to come back ends the attempt, too", async () => {
  await using bed = await SignalingBed.create();
  const room = roomOf(bed);
  const fake = await FakeWorker.enter(room, "gpu1", { handlers: { [watchJob]: () => null } });
  await using worker = await connect(room, 1_500);
  const watching = Array.fromAsync(worker.watch(JOB, 0, new AbortController().signal));
  const failed = assert.rejects(watching, ConnectionError);
  await fake.seenUntil(watchJob);
  await fake[Symbol.asyncDispose]();
  await using _silent = await SignalingClient.connect({
    server: room.server,
    roomId: room.room_id,
    credential: room.account_key,
    peerId: "gpu1",
    role: "worker",
    metadata: {},
  });
  const start = performance.now();
  await failed;
  assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`);
});

Deno.test("a watch goes on after a lost connection where it was: no gap, no event twice", async () => {
  await using bed = await SignalingBed.create();
  const room = roomOf(bed);
  const asked: number[] = [];
  const watch: FakeHandler = (params, { connection, rpc }) => {
    const { after_seq } = params as { after_seq: number };
    asked.push(after_seq);
    void (async () => {
      for (const seq of [after_seq + 1, after_seq + 2]) {
        const event = { seq, time: "2026-11-24T08:00:00.000Z", type: "warning", message: "m" };
        await rpc.notify(jobEvent, { job_id: JOB, event });
      }
      if (after_seq < 4) return await connection.close();
      await rpc.notify(jobEnded, { job_id: JOB, status: "succeeded", error: null, models: [] });
    })();
    return null;
  };
  await using _fake = await FakeWorker.enter(room, "gpu1", { handlers: { [watchJob]: watch } });
  await using worker = await connect(room);
  const notices = worker.watch(JOB, 0, new AbortController().signal);
  const seqs = await Array.fromAsync(notices, (notice) => "event" in notice && notice.event.seq);
  assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(asked, [0, 2, 4]);
  assert.equal(worker.ended?.status, "succeeded");
});

Deno.test("predictions are fetched anew after a lost connection, as long as they are wanted", async () => {
  await using bed = await SignalingBed.create();
  await using files = await DownloadBed.create();
  const content = someBytes(1_000_000);
  const shared = await files.write(content);
  const senders = new Map<PeerConnection, DownloadSender>();
  const senderOf = ({ connection, rpc }: FakeClient): DownloadSender => {
    const find = () => Promise.resolve(shared);
    const sender = senders.get(connection) ??
      new DownloadSender(find, connection.blocks, (...told) => rpc.notify(...told));
    if (!senders.has(connection)) void connection.closed.then(() => sender.close());
    senders.set(connection, sender);
    return sender;
  };
  const passedOn = (method: keyof DownloadSender["handlers"]): FakeHandler => (params, client) =>
    senderOf(client).handlers[method](params);
  const { begin, received, end, cancel } = DOWNLOAD_METHODS;
  const lost = new Set<PeerConnection>();
  let losses = 2;
  const onReceived: FakeHandler = (params, client) => {
    passedOn(received)(params, client);
    const { bytes } = params as { bytes: number };
    if (bytes === 0 || losses === 0 || lost.has(client.connection)) return;
    losses--;
    lost.add(client.connection);
    void client.connection.close();
  };
  await using _fake = await FakeWorker.enter(roomOf(bed), "gpu1", {
    handlers: {
      [begin]: passedOn(begin),
      [received]: onReceived,
      [end]: passedOn(end),
      [cancel]: passedOn(cancel),
    },
  });
  await using worker = await connect(roomOf(bed));
  const to = files.target;
  const { record, sha256, bytes } = shared;
  assert.deepEqual(await worker.fetchOutput(TRACK_JOB, { to, windowBytes: 65_536 }), {
    path: to,
    sha256,
    bytes,
    record,
  });
  assert.equal(senders.size, 3);
  assert.deepEqual(await Deno.readFile(to), content);
  assert.deepEqual(await files.here(), ["clip.predictions.slp", "clip.predictions.slp.json"]);

  losses = 1;
  const controller = new AbortController();
  const reason = new Error("enough");
  const options = { to, overwrite: true, windowBytes: 65_536, signal: controller.signal };
  const onProgress = () => losses === 0 && controller.abort(reason);
  await assert.rejects(worker.fetchOutput(TRACK_JOB, { ...options, onProgress }), reason);
  assert.deepEqual(await Deno.readFile(to), content);
});

Deno.test("all workers of a room are asked at once", async () => {
  await using bed = await SignalingBed.create();
  const room = roomOf(bed);
  const both = Promise.withResolvers<number>();
  let asked = 0;
  const handlers = {
    wait: () => {
      if (++asked === 2) both.resolve(asked);
      return both.promise;
    },
  };
  await using _one = await FakeWorker.enter(room, "gpu1", { handlers });
  await using _two = await FakeWorker.enter(room, "gpu2", { handlers });
  const answers = await askWorkers(room, undefined, async (link, { peerId }) => {
    return [peerId, await link.call("wait", null, v.number())];
  });
  assert.deepEqual(answers, [["gpu1", 2], ["gpu2", 2]]);
});

Deno.test("an error that came as an answer is no lost connection: nothing is asked again", async () => {
  await using bed = await SignalingBed.create();
  await using here = await DownloadBed.create();
  const room = roomOf(bed);
  let asked = 0;
  const refuse = () => {
    asked++;
    throw new ConnectionError("the worker has lost its own drive");
  };
  await using _fake = await FakeWorker.enter(room, "gpu1", {
    handlers: { [DOWNLOAD_METHODS.begin]: refuse, [WORKER_METHODS.info]: refuse },
  });
  await using worker = await connect(room);
  await assert.rejects(worker.fetchOutput(TRACK_JOB, { to: here.target }), ConnectionError);
  await assert.rejects(worker.ask(WORKER_METHODS.info, {}, v.unknown()), ConnectionError);
  assert.equal(asked, 2);
});

Deno.test("a worker that is lost during every answer is not asked for ever", async () => {
  await using bed = await SignalingBed.create();
  const room = roomOf(bed);
  let asked = 0;
  await using _fake = await FakeWorker.enter(room, "gpu1", {
    handlers: {
      [WORKER_METHODS.info]: (_, { connection }) => {
        asked++;
        void connection.close();
      },
    },
  });
  await using worker = await connect(room);
  await assert.rejects(worker.ask(WORKER_METHODS.info, {}, v.unknown()), ConnectionError);
  assert.equal(asked, 5);
});
