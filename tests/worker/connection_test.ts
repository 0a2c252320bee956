import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { decodeSubmit, type SubmitMessage } from "../../lib/protocol/job_submit.ts";
import { DOWNLOAD_METHODS } from "../../lib/protocol/download.ts";
import { UPLOAD_METHODS } from "../../lib/protocol/upload.ts";
import { WORKER_METHODS } from "../../lib/protocol/worker_calls.ts";
import { RpcPeer } from "../../lib/rtc/rpc_peer.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { Inbox } from "../support/inbox.ts";
import { ENDED_JOB, type ServedClient, WorkerBed } from "../support/worker_bed.ts";

const METHODS = [WORKER_METHODS, UPLOAD_METHODS, DOWNLOAD_METHODS].flatMap(Object.values<string>);

interface Notice {
  method: string;
  /** Of an event. */
  seq: number;
}

interface Numbered {
  seq: number;
}

/** A client's end, in a test's hands. */
class Client {
  readonly notices: Notice[] = [];
  readonly ended = new Inbox<unknown>();
  readonly answers = new Inbox<SubmitMessage | null>();
  readonly rpc: RpcPeer;

  constructor({ client }: ServedClient) {
    const take = (method: string) => (params: unknown) => {
      const { event, events = [event] } = params as { event?: Numbered; events?: Numbered[] };
      this.notices.push(...events.map((event) => ({ method, seq: event?.seq ?? 0 })));
      if (method === WORKER_METHODS.jobEnded) this.ended.push(params);
    };
    this.rpc = new RpcPeer(client.control, {
      peerId: "worker",
      handlers: {
        [WORKER_METHODS.jobEvent]: take(WORKER_METHODS.jobEvent),
        [WORKER_METHODS.jobEvents]: take(WORKER_METHODS.jobEvent),
        [WORKER_METHODS.jobEnded]: take(WORKER_METHODS.jobEnded),
      },
      onOther: (message) => this.answers.push(decodeSubmit(String(message))),
    });
  }
}

Deno.test("methods with wrong parameters: an answer each, and none of a fault", async () => {
  using log = new CapturedLog();
  await using bed = await WorkerBed.create();
  await using served = await bed.connect();
  const { rpc } = new Client(served);
  const params = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ job_id: "../../x" }));
  const some = fc.array(fc.tuple(fc.constantFrom(...METHODS), params), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(some, async (calls) => {
      for (const [method, value] of calls) {
        const error = await rpc.call(method, value).then(() => null, (error) => error);
        assert.ok(
          error === null || !/Internal error|in time|The connection/.test(error.message),
          error,
        );
      }
    }),
    { numRuns: 10 },
  );
  for (const method of ["nothing", "constructor", "jobs.watch.x"]) {
    await assert.rejects(rpc.call(method, {}));
  }
  assert.ok(await bed.nextClientIsServed());
  assert.deepEqual(log.lines.filter((line) => /^(?:error|fatal)/.test(line)), []);
});

Deno.test("garbage on both channels is passed over", async () => {
  await using bed = await WorkerBed.create();
  await using served = await bed.connect();
  const { control, blocks } = served.client;
  const deep = `RPC::${"[".repeat(30_000)}`;
  const texts = [
    "RPC::",
    "RPC::{}",
    deep,
    'RPC::{"id":{},"method":"worker.info"}',
    "\0",
    "JOB_SUBMIT",
  ];
  for (const text of texts) for (const channel of [control, blocks]) await channel.send(text);
  for (let n = 0; n < 100; n++) {
    const bytes = crypto.getRandomValues(new Uint8Array(1 + n * 650));
    for (const channel of [control, blocks]) await channel.send(bytes);
  }
  const { rpc } = new Client(served);
  assert.deepEqual(await rpc.call(WORKER_METHODS.info), bed.info);
});

Deno.test("submissions of garbage: each is refused, the answers fit into a message", async () => {
  await using bed = await WorkerBed.create();
  await using served = await bed.connect();
  const { answers } = new Client(served);
  const long = "x".repeat(60_000);
  const yaml = (line: string) =>
    `data_config:\n  ${line}\nmodel_config:\n  head_configs: { centroid: {} }\n`;
  const submissions = [
    long,
    JSON.stringify(long),
    `{"type":"train","config_content":"${long}"}`,
    JSON.stringify({ type: "train", config_content: yaml(`test_file_path: "/${long}"`) }),
    JSON.stringify({ type: "train", config_content: yaml(`x: "\${oc.env:${long}}"`) }),
    JSON.stringify({
      type: "train",
      config_content: yaml(`x: "${"\\u0001".repeat(9_000)}\${a:b}"`),
    }),
    JSON.stringify({
      type: "train",
      config_content: yaml(`test_file_path: "/${"\\x01".repeat(9_000)}"`),
    }),
    JSON.stringify({ type: "train", labels_path: long }),
    JSON.stringify({ type: "train", config_contents: Array(16).fill("[".repeat(3_000)) }),
    `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    JSON.stringify({ [long]: 1 }),
    "null",
  ];
  for (const [n, submission] of submissions.entries()) {
    await served.client.control.send(`JOB_SUBMIT::c${n}::${submission}`);
    const answer = await answers.next();
    assert.ok(
      answer?.type === "rejected" && answer.clientJobId === `c${n}`,
      submission.slice(0, 99),
    );
    assert.equal(answer.errors[0]?.exit_code, 2, answer.errors[0]?.message.slice(0, 99));
  }
  assert.deepEqual((await Array.fromAsync(Deno.readDir(join(bed.root, "jobs")))).length, 1);
});

Deno.test("many submissions at once: refused beyond a few, the connection lives", async () => {
  await using bed = await WorkerBed.create();
  await using served = await bed.connect();
  const { answers, rpc } = new Client(served);
  for (let n = 0; n < 40; n++) await served.client.control.send(`JOB_SUBMIT::c${n}::{}`);
  const got = await answers.take(40);
  assert.ok(got.every((answer) => answer?.type === "rejected"));
  assert.deepEqual(await rpc.call(WORKER_METHODS.info), bed.info);
});

Deno.test("jobs that are not there, and IDs that are paths: an error, and nothing is read", async () => {
  await using bed = await WorkerBed.create();
  await using served = await bed.connect();
  const { rpc } = new Client(served);
  const { watchJob, unwatchJob, describeJob } = WORKER_METHODS;
  for (const job_id of ["../../x", "job_11111111/..", ".", "", "job_1111111", `${ENDED_JOB}\0`]) {
    for (const method of [watchJob, unwatchJob, describeJob]) {
      await assert.rejects(rpc.call(method, { job_id }), /Cannot read jobs\./);
    }
  }
  const unknown = { job_id: "job_00000000" };
  await assert.rejects(rpc.call(watchJob, unknown), { exitCode: 3 });
  await assert.rejects(rpc.call(describeJob, unknown), { exitCode: 3 });
  assert.equal(await rpc.call(unwatchJob, unknown), null);
});

Deno.test("watching a job a thousand times: told by one relay at a time, once to the end", async () => {
  const count = 50;
  await using bed = await WorkerBed.create(count);
  await using served = await bed.connect();
  const client = new Client(served);
  const { watchJob, jobEvent } = WORKER_METHODS;
  for (let n = 1; n <= 1_000; n++) {
    const body = JSON.stringify({ id: `w${n}`, method: watchJob, params: { job_id: ENDED_JOB } });
    await served.client.control.send(`RPC::${body}`);
  }
  await client.ended.next();
  const seqs = client.notices.filter(({ method }) => method === jobEvent).map(({ seq }) => seq);
  assert.ok(seqs.length >= count);
  for (const [n, seq] of seqs.entries()) {
    assert.ok(seq === 1 || seq === (seqs[n - 1] ?? 0) + 1, `${seqs[n - 1]}, then ${seq}`);
  }
});

Deno.test("after the last of many unwatches nothing more is told", async () => {
  await using bed = await WorkerBed.create(500);
  await using served = await bed.connect();
  const client = new Client(served);
  const { watchJob, unwatchJob, info } = WORKER_METHODS;
  for (let n = 0; n < 20; n++) {
    await client.rpc.call(watchJob, { job_id: ENDED_JOB });
    await client.rpc.call(unwatchJob, { job_id: ENDED_JOB });
  }
  const told = client.notices.length;
  for (let n = 0; n < 20; n++) await client.rpc.call(info);
  assert.equal(client.notices.length, told);
});

Deno.test("a connection that is closed in the middle of everything leaves nothing behind", async () => {
  for (const isClosedByClient of [true, false]) {
    await using bed = await WorkerBed.create(1_000);
    await using served = await bed.connect();
    const { client } = served;
    const { rpc } = new Client(served);
    const begun = { sha256: "0".repeat(64), name: "a.slp", bytes: 1_000_000 };
    await rpc.call(UPLOAD_METHODS.begin, begun);
    await rpc.call(WORKER_METHODS.watchJob, { job_id: ENDED_JOB });
    const calls = METHODS.map((method) => rpc.call(method, {}).catch(() => {}));
    await client.control.send("JOB_SUBMIT::c::{}");
    await client.blocks.send(Uint8Array.of(0, 0, 0, 1, 7, 7, 7));
    if (isClosedByClient) await client.close();
    else await served[Symbol.asyncDispose]();
    await served.served;
    await Promise.all(calls);
    const left = await Array.fromAsync(Deno.readDir(join(bed.root, "uploads")));
    assert.deepEqual(left.map(({ name }) => name), []);
    assert.ok(await bed.nextClientIsServed());
  }
});
