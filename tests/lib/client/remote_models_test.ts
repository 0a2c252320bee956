import assert from "node:assert/strict";
import type { JoinedRoom } from "../../../lib/credentials.ts";
import { findRemoteModel, listRemoteModels } from "../../../lib/client/remote_models.ts";
import { NotFoundError, SleapRtcError } from "../../../lib/errors.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { RPC_FEATURE } from "../../../lib/protocol/worker_metadata.ts";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { type RpcHandler, RpcPeer } from "../../../lib/rtc/rpc_peer.ts";
import { SignalingClient } from "../../../lib/signaling/client.ts";
import { SignalingBed } from "../../support/signaling.ts";

const SECRET = "correct horse battery staple";
const { listModels, getModel } = WORKER_METHODS;

/** A worker in the room that answers what a test wants. */
async function enter(bed: SignalingBed, name: string, handlers: Record<string, RpcHandler>) {
  const properties = { worker_name: name, features: [RPC_FEATURE] };
  const options = bed.options(name, { role: "worker", metadata: { properties } });
  const signaling = await SignalingClient.connect(options);
  const serving = (async () => {
    const peers = acceptPeers(signaling, { room: bed.roomId, secret: SECRET });
    for await (const { control, peerId } of peers) new RpcPeer(control, { peerId, handlers });
  })();
  const dispose = async () => {
    await signaling.close();
    await serving;
  };
  return { [Symbol.asyncDispose]: dispose };
}

function roomOf(bed: SignalingBed): JoinedRoom {
  return {
    server: bed.url,
    room_id: bed.roomId,
    room_name: bed.roomId,
    account_key: bed.member().key,
    secret: SECRET,
    allow_legacy: false,
    joined_at: "",
    joined_with: "",
  };
}

function modelOf(id: string, more: Record<string, unknown> = {}) {
  return {
    entry: { id, model_type: "centroid", status: "completed", ...more },
    checkpoint_exists: true,
    supervised: false,
    location: { host: "h", root: "/r" },
    missing_files: [],
  };
}

Deno.test("pages of models are put together, each model with its worker", async () => {
  await using bed = await SignalingBed.create();
  await using _worker = await enter(bed, "gpu1", {
    [listModels]: (params) => {
      const { from } = params as { from: number };
      return { models: [modelOf(`aaaaaaa${from}`)], next: from < 2 ? from + 1 : null };
    },
  });
  const models = await listRemoteModels(roomOf(bed), undefined, {});
  assert.deepEqual(models.map(({ entry }) => entry.id), ["aaaaaaa0", "aaaaaaa1", "aaaaaaa2"]);
  assert.ok(models.every(({ location }) => location.worker === "gpu1"));
});

Deno.test("a worker whose pages do not get on is not asked for ever", async () => {
  for (const next of [0, 1]) {
    await using bed = await SignalingBed.create();
    await using _worker = await enter(bed, "gpu1", {
      [listModels]: () => ({ models: [modelOf("aaaaaaaa")], next }),
    });
    const models = await listRemoteModels(roomOf(bed), undefined, {});
    assert.equal(models.length, 1 + next);
  }
});

Deno.test("a worker that answers something else does not hide the others", async () => {
  await using bed = await SignalingBed.create();
  await using _odd = await enter(bed, "gpu1", {
    [listModels]: () => ({ models: "many" }),
    [getModel]: () => modelOf("aaaaaaaa"),
  });
  await assert.rejects(listRemoteModels(roomOf(bed), undefined, {}), SleapRtcError);
  await using _good = await enter(bed, "gpu2", {
    [listModels]: () => ({ models: [modelOf("aaaaaaaa"), modelOf("b", { id: 7 })], next: null }),
    [getModel]: () => modelOf("aaaaaaaa"),
  });
  const models = await listRemoteModels(roomOf(bed), undefined, {});
  assert.deepEqual(
    models.map(({ entry }) => entry.id),
    ["aaaaaaaa"],
    "the broken entry is left out",
  );
  await assert.rejects(findRemoteModel(roomOf(bed), undefined, "aaaa"), NotFoundError);
  const one = await findRemoteModel(roomOf(bed), "gpu2", "aaaa");
  assert.equal(one.located.location.worker, "gpu2");
});
