import assert from "node:assert/strict";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { connectTo } from "../../../lib/rtc/connect.ts";
import { MemoryRoom } from "../../support/signaling.ts";

const ROOM = { room: "lab", secret: "correct horse battery staple" };

Deno.test("connectTo() and acceptPeers() meet and exchange messages both ways", async () => {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), ROOM);
  const client = await connectTo(room.join("client"), "worker", ROOM);
  const { value: worker } = await accepted.next();
  await client.control.send("hello");
  await client.blocks.send(Uint8Array.of(1, 2, 3));
  assert.deepEqual(await worker.control.next(), { done: false, value: "hello" });
  const { value: bytes } = await worker.blocks.next();
  assert.deepEqual([...bytes], [1, 2, 3]);
  await worker.control.send("back");
  assert.deepEqual(await client.control.next(), { done: false, value: "back" });
  await client.close("bye");
  assert.deepEqual(await worker.closed, { how: "goodbye", reason: "bye" });
  assert.deepEqual(await client.closed, { how: "closed", reason: "bye" });
  await accepted.return?.();
});
