import { RpcPeer } from "../../lib/rtc/rpc_peer.ts";
import { Acknowledgements } from "../../lib/transfer/acknowledgements.ts";
import type { ContentStore } from "../../lib/transfer/content_store.ts";
import { UploadReceiver } from "../../lib/transfer/receiver.ts";
import type { UploadPeer } from "../../lib/transfer/wire.ts";
import { connectPair } from "./rtc.ts";

/** A client that is connected to a worker by WebRTC. */
export interface RtcTransfer extends AsyncDisposable {
  /** The worker, as the client sees it. */
  peer: UploadPeer;
  /** End the connection; resolved when the worker has dealt with it. */
  close(): Promise<void>;
}

/** Connect both within this process. */
export async function connectTransfer(store: ContentStore): Promise<RtcTransfer> {
  const pair = await connectPair();
  const { client, worker } = pair;
  const receiver = new UploadReceiver(
    store,
    worker.blocks,
    (method, params): Promise<void> => answering.notify(method, params),
  );
  const answering: RpcPeer = new RpcPeer(worker.control, {
    peerId: worker.peerId,
    handlers: receiver.handlers,
  });
  const receiving = receiver.run();
  const acknowledgements = new Acknowledgements();
  const calls = new RpcPeer(client.control, {
    peerId: client.peerId,
    handlers: acknowledgements.handlers,
  });
  const close = async () => {
    await pair[Symbol.asyncDispose]();
    await receiving;
  };
  return {
    peer: { calls, acknowledgements, blocks: client.blocks, closed: client.closed },
    close,
    [Symbol.asyncDispose]: close,
  };
}
