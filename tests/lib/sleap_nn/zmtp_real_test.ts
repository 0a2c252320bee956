import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openControlSocket, type TrainerMessage } from "../../../lib/sleap_nn/control_socket.ts";
import { bindPub, bindSub } from "../../../lib/sleap_nn/zmtp.ts";
import { Inbox } from "../../support/inbox.ts";
import { findPython } from "../../support/python.ts";

const SCRIPT = fileURLToPath(new URL("../../support/zmq_peer.py", import.meta.url));
const python = await findPython("zmq");
const ignore = python === null && Deno.env.get("CI") !== "true";
const suffix = ignore ? " (skipped: no Python with pyzmq; set SLEAP_RTC_TEST_PYTHON)" : "";

function testWithLibzmq(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `libzmq: ${name}${suffix}`, ignore, fn });
}

/** A process with the sockets of a trainer. */
class RealTrainer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  constructor(publishPort: number, controllerPort: number, ...args: string[]) {
    assert.ok(python !== null, "CI=true needs a Python with pyzmq");
    this.#process = new Deno.Command(python, {
      args: [SCRIPT, `${publishPort}`, `${controllerPort}`, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#stdin = this.#process.stdin.getWriter();
    this.#answers = linesOf(this.#process.stdout);
  }

  async tell(command: Record<string, unknown>): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    assert.ok(!done, "The Python process has ended");
    return JSON.parse(value);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#process.status;
    await this.#answers.return?.();
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Read up to the first message after the greetings. */
async function skipHello(inbox: Inbox<string>): Promise<string> {
  while (true) {
    const text = await inbox.next();
    if (text !== "hello") return text;
  }
}

testWithLibzmq("5,000 messages arrive, in order", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const pub = bindPub();
  {
    await using trainer = new RealTrainer(sub.port, pub.port);
    await trainer.tell({ hello: true });
    assert.equal(await inbox.next(), "hello");
    await trainer.tell({ count: 5000, bytes: 800 });
    const received = [await skipHello(inbox), ...await inbox.take(4999)];
    received.forEach((text, index) => assert.equal(text, `${index}:`.padEnd(800, "x")));
  }
  await Promise.all([sub.close(), pub.close()]);
});

testWithLibzmq("a message of 1 MiB arrives; after a larger one the peer comes back", async () => {
  const limit = 1024 * 1024;
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const pub = bindPub();
  {
    await using trainer = new RealTrainer(sub.port, pub.port);
    await trainer.tell({ hello: true });
    assert.equal(await inbox.next(), "hello");
    await trainer.tell({ count: 1, bytes: limit });
    assert.equal((await skipHello(inbox)).length, limit);
    await trainer.tell({ count: 1, bytes: limit + 1 });
    await trainer.tell({ hello: true });
    assert.equal(await inbox.next(), "hello");
  }
  await Promise.all([sub.close(), pub.close()]);
});

testWithLibzmq("a trainer that connects before the ports are bound is served", async () => {
  const freed = [bindSub(() => {}), bindSub(() => {})];
  const [publishPort = 0, controllerPort = 0] = freed.map(({ port }) => port);
  await Promise.all(freed.map((socket) => socket.close()));
  {
    await using trainer = new RealTrainer(publishPort, controllerPort);
    assert.deepEqual(await trainer.answer(), { connected: true });
    await trainer.tell({ hello: true });
    const inbox = new Inbox<string>();
    const sub = bindSub(inbox.push, { port: publishPort });
    const pub = bindPub({ port: controllerPort });
    assert.equal(await inbox.next(), "hello");
    await trainer.tell({ receive: true });
    const resend = setInterval(() => pub.send("stop"), 10);
    assert.deepEqual(await trainer.answer(), { received: "stop" });
    clearInterval(resend);
    await Promise.all([sub.close(), pub.close()]);
  }
});

testWithLibzmq("a trainer that is killed in the middle leaves the sockets usable", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const pub = bindPub();
  for (let round = 0; round < 3; round++) {
    await using trainer = new RealTrainer(sub.port, pub.port);
    await trainer.tell({ hello: true });
    await trainer.tell({ count: 50_000, bytes: 5000 });
    await inbox.take(inbox.size + 20);
    await trainer.kill();
  }
  {
    await using trainer = new RealTrainer(sub.port, pub.port);
    await trainer.tell({ hello: true });
    while (await inbox.next() !== "hello");
    await trainer.tell({ texts: ["last"] });
    while (await inbox.next() !== "last");
  }
  await Promise.all([sub.close(), pub.close()]);
});

testWithLibzmq("heartbeats are answered", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const pub = bindPub();
  {
    // libzmq closes a connection that leaves its PING unanswered for 500 ms.
    await using trainer = new RealTrainer(sub.port, pub.port, "40", "500");
    assert.deepEqual(await trainer.answer(), { connected: true });
    await trainer.tell({ hello: true });
    assert.equal(await inbox.next(), "hello");
    await trainer.tell({ watch_ms: 900 });
    assert.deepEqual(await trainer.answer(), { broken: 0 });
  }
  await Promise.all([sub.close(), pub.close()]);
});

testWithLibzmq("the control socket speaks with a trainer in both directions", async () => {
  const control = await openControlSocket();
  const inbox = new Inbox<TrainerMessage>();
  const reading = (async () => {
    for await (const message of control.messages) inbox.push(message);
  })();
  {
    await using trainer = new RealTrainer(control.publishPort, control.controllerPort);
    assert.deepEqual(await trainer.answer(), { connected: true });
    await trainer.tell({ receive: true });
    control.requestStop();
    assert.deepEqual(await trainer.answer(), { received: '{"command":"stop"}' });
    const text = await Deno.readTextFile(
      new URL("../../fixtures/zmq_progress.jsonl", import.meta.url),
    );
    await trainer.tell({ texts: text.trimEnd().split("\n") });
    // train_begin, and for each of 3 epochs: begin, 5 batches, end; train_end.
    const events = (await inbox.take(23)).map(({ event }) => event);
    assert.equal(events.at(0), "train_begin");
    assert.equal(events.at(-1), "train_end");
    assert.equal(events.filter((event) => event === "batch_end").length, 15);
  }
  await control.close();
  await reading;
});
