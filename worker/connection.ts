/**
 * One connected client.
 *
 * @module
 */
import { logger } from "../lib/log.ts";
import { messageOf } from "../lib/errors.ts";
import { WORKER_METHODS } from "../lib/protocol/worker_calls.ts";
import type { PeerConnection } from "../lib/rtc/peer_connection.ts";
import { RpcPeer } from "../lib/rtc/rpc_peer.ts";
import { DownloadSender } from "../lib/transfer/download_sender.ts";
import { UploadReceiver } from "../lib/transfer/receiver.ts";
import type { ClientLine } from "./handlers/client_line.ts";
import { outputOf } from "./handlers/downloads.ts";
import { jobHandlers } from "./handlers/jobs.ts";
import { predictionHandlers } from "./handlers/predictions.ts";
import { registryHandlers } from "./handlers/registry.ts";
import { serveLegacyClient } from "./legacy/connection.ts";
import { Submissions } from "./handlers/submissions.ts";
import { WatchHandlers } from "./handlers/watching.ts";
import { sayInterrupted } from "./recovery/report.ts";
import { type WorkerContext, workerInfo } from "./worker_context.ts";

const log = logger("worker");

/** Serve an authenticated client until its connection ends. */
export async function serveConnection(
  connection: PeerConnection,
  context: WorkerContext,
): Promise<void> {
  const { peerId } = connection;
  if (connection.authentication === "legacy") return await serveLegacyClient(connection, context);
  const gone = new AbortController();
  log.info(`client "${peerId}" is connected`);
  const notify = async (method: string, params: unknown): Promise<void> =>
    await rpc.notify(method, params);
  const line: ClientLine = {
    gone: gone.signal,
    send: async (text) => await connection.control.send(text),
    notify,
  };
  const submissions = new Submissions(context, line);
  const watching: WatchHandlers = new WatchHandlers(context, line);
  const uploads = new UploadReceiver(context.store, connection.blocks, notify, {
    transfer: () => connection.transfer(),
  });
  const downloads = new DownloadSender(
    (jobId) => outputOf(context, jobId),
    connection.blocks,
    notify,
    { transfer: () => connection.transfer() },
  );
  const rpc: RpcPeer = new RpcPeer(connection.control, {
    peerId,
    handlers: {
      [WORKER_METHODS.info]: () => workerInfo(context),
      ...registryHandlers(context.registry),
      ...jobHandlers(context),
      ...predictionHandlers(context, gone.signal),
      ...watching.handlers,
      ...uploads.handlers,
      ...downloads.handlers,
    },
    onOther: (message) => {
      submissions.receive(message).catch((error) =>
        log.debug(`to "${peerId}": ${messageOf(error)}`)
      );
    },
  });
  const receiving = uploads.run()
    .catch((error) => log.error(`uploads of "${peerId}": ${messageOf(error)}`));
  void sayInterrupted(context.registry);
  const { how, reason } = await connection.closed;
  gone.abort();
  await watching.close(how === "goodbye" ? "goodbye" : "vanished");
  await receiving;
  await downloads.close();
  log.info(`client "${peerId}" is gone: ${how === "goodbye" ? "it said goodbye" : reason}`);
}
