import assert from "node:assert/strict";
import * as v from "valibot";
import type { JoinedRoom } from "../../../lib/credentials.ts";
import { type JobNotice, WorkerLink } from "../../../lib/client/worker_link.ts";
import type { WorkerPeer } from "../../../lib/client/worker_peers.ts";
import {
  ConflictError,
  ConnectionError,
  NotFoundError,
  SleapRtcError,
} from "../../../lib/errors.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { workerProperties } from "../../../lib/protocol/worker_metadata.ts";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import type { PeerConnection } from "../../../lib/rtc/peer_connection.ts";
import { type RpcHandler, RpcPeer } from "../../../lib/rtc/rpc_peer.ts";
import { MemoryRoom } from "../../support/memory_signaling.ts";
import { LAB } from "../../support/rtc.ts";

const JOB = "job_11111111";
const TIME = "2026-11-24T08:00:00.000Z";
const WORKER: WorkerPeer = {
  peerId: "worker",
  properties: workerProperties({ properties: { worker_name: "gpu1" } }),
};
const ROOM: JoinedRoom = {
  server: "http://127.0.0.1:1",
  room_id: LAB.room,
  room_name: LAB.room,
  account_key: "",
  secret: LAB.secret,
  allow_legacy: false,
  joined_at: TIME,
  joined_with: "",
};

/** A client and a worker that does what a test wants. */
async function connectTo(
  handlers: Record<string, RpcHandler>,
  onSubmit: (worker: PeerConnection, text: string) => unknown = () => {},
) {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), LAB);
  const link = await WorkerLink.connect(room.join("client"), ROOM, WORKER);
  const worker: PeerConnection = (await accepted.next()).value;
  await accepted.return?.();
  const rpc = new RpcPeer(worker.control, {
    peerId: "client",
    handlers,
    onOther: (message) => void onSubmit(worker, String(message)),
  });
  const dispose = async () => void await Promise.all([link.close(), worker.close()]);
  return { link, worker, rpc, [Symbol.asyncDispose]: dispose };
}

Deno.test("a job is submitted; what comes beside the answer is passed over", async () => {
  await using peers = await connectTo({}, async ({ control }, text) => {
    const [, id] = /^JOB_SUBMIT::([^:]+)::\{"type":"train"\}$/.exec(text) ?? [];
    const before = [
      "JOB_ACCEPTED",
      "JOB_REJECTED::other::{}",
      'JOB_REJECTED::other::{"errors":[{"field":"f","message":"not yours"}]}',
      `JOB_REJECTED::${id}::{"errors":[]}`,
      `JOB_REJECTED::${id}::${"[".repeat(20_000)}`,
      "JOB_ACCEPTED::../../x",
    ];
    for (const message of before) await control.send(message);
    await control.send(Uint8Array.of(1, 2, 3));
    await control.send(`JOB_ACCEPTED::${JOB}`);
    await control.send("JOB_ACCEPTED::job_00000000");
  });
  assert.equal(await peers.link.submit({ type: "train" }), JOB);
});

Deno.test("a refusal keeps its exit code, also one without a code, as Python's are", async () => {
  const errors = [
    { field: "job", message: "busy", exit_code: 7, hint: "Stop it: sleap-rtc jobs stop job_1" },
    { field: "labels_path", message: "odd", code: "INVALID" },
  ];
  await using peers = await connectTo({}, async ({ control }, text) => {
    const id = text.split("::")[1];
    await control.send(`JOB_REJECTED::${id}::${JSON.stringify({ errors: [errors.shift()] })}`);
  });
  const busy = await peers.link.submit({ type: "train" }).catch((error) => error);
  assert.ok(busy instanceof ConflictError);
  assert.equal(busy.message, "The worker does not take the job: busy");
  assert.equal(busy.hint, "Stop it: sleap-rtc jobs stop job_1 --room lab --worker worker");
  const odd = await peers.link.submit({ type: "train" }).catch((error) => error);
  assert.ok(odd instanceof SleapRtcError);
  assert.equal(odd.exitCode, 1);
});

Deno.test("a connection that is lost before the answer: exit 5", async () => {
  await using peers = await connectTo({}, (worker) => worker.close());
  const error = await peers.link.submit({ type: "train" }).catch((error) => error);
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /^The connection was lost before the worker answered: /);
});

Deno.test("an answer of another shape is an error", async () => {
  await using peers = await connectTo({ odd: () => ({ name: 7 }) });
  await assert.rejects(peers.link.call("odd", null, v.object({ name: v.string() })), {
    message: /^Cannot read odd: /,
    exitCode: 1,
  });
});

Deno.test("notices of other jobs, of none, and of newer programs are passed over", async () => {
  const { jobEvent, jobEvents, jobEnded, jobQueued, watchJob } = WORKER_METHODS;
  const event = { seq: 1, time: TIME, type: "warning", message: "m" };
  const queued = { job_id: JOB, position: 2, reason: "waits for job_00000000" };
  const ended = { job_id: JOB, status: "succeeded", error: null, models: [] };
  const told: [string, unknown][] = [
    [jobEvent, null],
    [jobEvent, { job_id: "../../x", event }],
    [jobEvent, { job_id: "job_00000000", event }],
    [jobEvent, { job_id: JOB, event: { ...event, type: "from_the_future" } }],
    [jobEvent, { job_id: JOB, event: { ...event, seq: "1" } }],
    [jobEvent, { job_id: JOB }],
    [jobEnded, { ...ended, job_id: "job_00000000" }],
    [jobEnded, { ...ended, status: "splendid" }],
    [jobQueued, { job_id: JOB, position: "first", reason: "r" }],
    [jobQueued, { job_id: "job_00000000", position: 1, reason: "r" }],
    [jobQueued, queued],
    [jobEvent, { job_id: JOB, event }],
    [jobEvents, { job_id: JOB, events: event }],
    [jobEvents, { job_id: "job_00000000", events: [event] }],
    [jobEvents, { job_id: JOB, events: [null, { ...event, seq: 3 }, 7, { ...event, seq: 9 }] }],
    [jobEnded, ended],
  ];
  await using peers = await connectTo({
    [watchJob]: () => {
      void (async () => {
        for (const [method, params] of told) await peers.rpc.notify(method, params);
      })();
    },
  });
  const notices: JobNotice[] = [];
  const { signal } = new AbortController();
  for await (const notice of peers.link.watch(JOB, 0, signal)) notices.push(notice);
  assert.deepEqual(JSON.parse(JSON.stringify(notices)), [
    { queued },
    { event },
    { event: { ...event, seq: 3 } },
    { event: { ...event, seq: 9 } },
    { ended },
  ]);
});

Deno.test("watching ends with an error when the connection does, in peace when it is left", async () => {
  await using peers = await connectTo({ [WORKER_METHODS.watchJob]: () => null });
  const leaving = new AbortController();
  const left = Array.fromAsync(peers.link.watch(JOB, 0, leaving.signal));
  await peers.rpc.notify(WORKER_METHODS.jobEvent, {});
  leaving.abort();
  assert.deepEqual(await left, []);
  const watching = Array.fromAsync(peers.link.watch(JOB, 0, new AbortController().signal));
  const lost = assert.rejects(watching, ConnectionError);
  await peers.worker.close();
  await lost;
});

Deno.test("who leaves a job says goodbye to it first, also while the worker does not answer", async () => {
  const { unwatchJob, watchJob } = WORKER_METHODS;
  for (const answer of [null, new Promise(() => {})]) {
    const asked: string[] = [];
    const leaving = new AbortController();
    await using peers = await connectTo({
      [watchJob]: () => {
        asked.push(watchJob);
        setTimeout(() => leaving.abort());
        return answer;
      },
      [unwatchJob]: (params) => {
        assert.deepEqual(params, { job_id: JOB });
        asked.push(unwatchJob);
        return null;
      },
    });
    assert.deepEqual(await Array.fromAsync(peers.link.watch(JOB, 0, leaving.signal)), []);
    assert.deepEqual(asked, [watchJob, unwatchJob]);
  }
});

Deno.test("an error of the worker bears its name, and says what to type here", async () => {
  await using peers = await connectTo({
    refuse: () => {
      throw new ConflictError("it waits", { hint: "Cancel it: sleap-rtc jobs cancel job_1" });
    },
  });
  await assert.rejects(peers.link.call("refuse", null, v.null()), {
    message: 'Worker "gpu1": it waits',
    hint: "Cancel it: sleap-rtc jobs cancel job_1 --room lab --worker worker",
    exitCode: 7,
  });
});

Deno.test("a job that has ended, or that the worker does not have, needs no goodbye", async () => {
  const { jobEnded, unwatchJob, watchJob } = WORKER_METHODS;
  let goodbyes = 0;
  await using peers = await connectTo({
    [watchJob]: (params) => {
      if (JSON.stringify(params).includes("job_00000000")) throw new NotFoundError("no such job");
      const ended = { job_id: JOB, status: "succeeded", error: null, models: [] };
      void peers.rpc.notify(jobEnded, ended);
      return null;
    },
    [unwatchJob]: () => goodbyes++,
  });
  const { signal } = new AbortController();
  assert.equal((await Array.fromAsync(peers.link.watch(JOB, 0, signal))).length, 1);
  await assert.rejects(Array.fromAsync(peers.link.watch("job_00000000", 0, signal)), NotFoundError);
  assert.equal(goodbyes, 0);
});
