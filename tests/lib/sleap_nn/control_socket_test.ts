import assert from "node:assert/strict";
import { encodeFrame } from "../../../lib/sleap_nn/zmtp/codec.ts";
import { openControlSocket } from "../../../lib/sleap_nn/control_socket.ts";
import { ZmtpPeer } from "../../support/zmtp_peer.ts";

const STOP = '{"command":"stop"}';

async function joinController(port: number): Promise<ZmtpPeer> {
  const trainer = await ZmtpPeer.join(port, "SUB");
  await trainer.write(encodeFrame(new Uint8Array([1])));
  return trainer;
}

Deno.test("openControlSocket() takes two free ports and hands over the trainer's messages", async () => {
  const control = await openControlSocket();
  assert.notEqual(control.publishPort, control.controllerPort);
  using trainer = await ZmtpPeer.join(control.publishPort, "PUB");
  await trainer.send('{"event": "train_begin", "logs": null}');
  await trainer.send("garbage");
  await trainer.send('{"event": "train_end", "logs": null}');
  const events: string[] = [];
  for await (const { event } of control.messages) {
    events.push(event);
    if (event === "train_end") break;
  }
  assert.deepEqual(events, ["train_begin", "train_end"]);
  await control.close();
});

Deno.test("close() ends the messages", async () => {
  const control = await openControlSocket();
  const reading = Array.fromAsync(control.messages);
  await control.close();
  await control.close();
  assert.deepEqual(await reading, []);
});

Deno.test("requestStop() is repeated for a trainer that subscribes later", async () => {
  const control = await openControlSocket();
  control.requestStop();
  control.requestStop();
  using trainer = await joinController(control.controllerPort);
  assert.equal(await trainer.readText(), STOP);
  assert.equal(await trainer.readText(), STOP);
  await control.close();
});

Deno.test("requestStop() ends with its signal and can be asked again", async () => {
  const control = await openControlSocket();
  using trainer = await joinController(control.controllerPort);
  const enough = new AbortController();
  control.requestStop(enough.signal);
  assert.equal(await trainer.readText(), STOP);
  enough.abort();
  control.requestStop(enough.signal);
  control.requestStop();
  assert.equal(await trainer.readText(), STOP);
  await control.close();
  control.requestStop();
});
