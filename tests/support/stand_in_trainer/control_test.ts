import assert from "node:assert/strict";
import { bindPub, bindSub } from "../../../lib/sleap_nn/zmtp.ts";
import type { StandInScript } from "../stand_in.ts";
import { type EndedRun, TrainerBed } from "../trainer_bed.ts";

interface Message {
  event: string;
  epoch?: number;
  batch?: number;
  logs: Record<string, number> | null;
}

/** A watched run and what it published. */
interface Watched extends EndedRun {
  messages: Message[];
}

Deno.test("publishes the recorded sequence of messages", async () => {
  await using bed = await TrainerBed.create();
  const { code, messages } = await watch(bed);
  assert.equal(code, 0);
  const url = new URL("../../fixtures/zmq_progress.jsonl", import.meta.url);
  const recorded: Message[] = (await Deno.readTextFile(url)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(messages.map(shapeOf), recorded.map(shapeOf));
});

Deno.test("a stop command ends the training with all it has", async () => {
  await using bed = await TrainerBed.create();
  const { code, messages, stdout, stderr } = await watch(bed, { command: '{"command": "stop"}' });
  assert.equal(code, 0);
  assert.deepEqual(messages.slice(-3).map((message) => message.event), [
    "batch_end",
    "epoch_end",
    "train_end",
  ]);
  assert.ok(stdout.some((line) => line.includes("message: {'command': 'stop'}")));
  assert.ok(stdout.some((line) => line.includes("Finished training at:")));
  assert.ok(!stderr.some((line) => line.includes("`Trainer.fit` stopped")));
  const log = await Deno.readTextFile(bed.path("runs", "base", "training_log.csv"));
  assert.equal(log.trimEnd().split("\r\n").length - 1, (messages.at(-2)?.epoch ?? NaN) + 1);
  assert.ok((await Deno.stat(bed.path("runs", "base", "metrics.val.0.json"))).isFile);
});

for (const command of ['"stop"', "stop", "[1]"]) {
  Deno.test(`a command that is no object ends it like an exception: ${command}`, async () => {
    await using bed = await TrainerBed.create();
    const { code, messages, stderr } = await watch(bed, { command });
    assert.equal(code, 1);
    assert.match(
      stderr.at(-1) ?? "",
      /^AttributeError: '(str|list)' object has no attribute 'get'$/,
    );
    assert.notEqual(messages.at(-1)?.event, "train_end");
  });
}

Deno.test("an unknown command is logged and ignored", async () => {
  await using bed = await TrainerBed.create();
  const { code, messages, stdout } = await watch(bed, { command: '{"command": "set_lr"}' });
  assert.equal(code, 0);
  assert.equal(messages.filter((message) => message.event === "epoch_end").length, 3);
  assert.ok(stdout.some((line) => line.includes("message: {'command': 'set_lr'}")));
});

Deno.test("losses that are not finite are published as Python writes them", async () => {
  await using bed = await TrainerBed.create({ valLosses: [null] });
  const texts: string[] = [];
  const sub = bindSub((text) => texts.push(text));
  await bed.train({ "trainer_config.zmq.publish_port": sub.port });
  await sub.close();
  assert.ok(texts.some((text) => text.includes('"val/loss": NaN')));
});

Deno.test("a silent trainer publishes and prints nothing", async () => {
  await using bed = await TrainerBed.create();
  const { code, messages, stdout, stderr } = await watch(bed, { script: { silent: true } });
  assert.deepEqual([code, messages, stdout, stderr], [0, [], [], []]);
  assert.ok((await Deno.stat(bed.path("runs", "base", "best.ckpt"))).isFile);
});

/** Train with both sockets bound; the command is sent in every batch but the first. */
async function watch(
  bed: TrainerBed,
  options: { command?: string; script?: StandInScript } = {},
): Promise<Watched> {
  const { command, script } = options;
  await bed.setScript({ batchMs: command === undefined ? 0 : 20, ...script });
  const messages: Message[] = [];
  const pub = bindPub();
  const sub = bindSub((text) => {
    const message: Message = JSON.parse(text);
    messages.push(message);
    if (command !== undefined && message.event === "batch_start" && message.batch !== 0) {
      pub.send(command);
    }
  });
  const ended = await bed.train({
    "trainer_config.zmq.publish_port": sub.port,
    "trainer_config.zmq.controller_port": pub.port,
  });
  await sub.close();
  await pub.close();
  return { ...ended, messages };
}

function shapeOf({ event, epoch, batch, logs }: Message): unknown[] {
  return [event, epoch, batch, logs === null ? null : Object.keys(logs)];
}
