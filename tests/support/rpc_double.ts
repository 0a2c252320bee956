import { ConnectionError } from "../../lib/errors.ts";
import { decodeRpc, encodeRpc, type RpcMessage } from "../../lib/protocol/rpc.ts";
import { fromRpcError, toRpcError } from "../../lib/rtc/rpc_peer/error.ts";
import type { BlockChannel, Calls } from "../../lib/transfer/wire.ts";

/** Answers calls and takes notifications, by method. */
export type Handlers = Record<string, (params: unknown) => unknown>;

/** lib/rtc's `RpcPeer` over any channel, as simple as can be. */
export class RpcDouble implements Calls {
  readonly #channel: BlockChannel;
  readonly #handlers: Handlers;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  /** Resolved when the channel has ended. */
  readonly ended: Promise<void>;

  constructor(channel: BlockChannel, handlers: Handlers = {}) {
    this.#channel = channel;
    this.#handlers = handlers;
    this.ended = this.#run();
  }

  async call(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<unknown>();
    // it may be rejected while the request still waits for room
    call.promise.catch(() => {});
    this.#calls.set(id, call);
    try {
      await this.#send({ kind: "request", id, method, params });
      return await call.promise;
    } finally {
      this.#calls.delete(id);
    }
  }

  async notify(method: string, params: unknown): Promise<void> {
    await this.#send({ kind: "notification", method, params });
  }

  async #run(): Promise<void> {
    for await (const text of this.#channel) {
      const message = typeof text === "string" ? decodeRpc(text) : null;
      if (message !== null) this.#receive(message);
    }
    for (const call of this.#calls.values()) {
      call.reject(new ConnectionError("The connection was lost"));
    }
  }

  #receive(message: RpcMessage): void {
    switch (message.kind) {
      case "request":
        void this.#answer(message);
        break;
      case "notification":
        this.#handlers[message.method]?.(message.params);
        break;
      case "result":
        if (typeof message.id === "number") this.#calls.get(message.id)?.resolve(message.result);
        break;
      case "error":
        if (typeof message.id === "number") {
          this.#calls.get(message.id)?.reject(fromRpcError(message.error, "worker"));
        }
    }
  }

  async #answer(request: RpcMessage & { kind: "request" }): Promise<void> {
    const { id, method, params } = request;
    try {
      const result = await this.#handlers[method]?.(params);
      await this.#send({ kind: "result", id, result });
    } catch (error) {
      await this.#send({ kind: "error", id, error: toRpcError(error) }).catch(() => {});
    }
  }

  async #send(message: RpcMessage): Promise<void> {
    await this.#channel.send(encodeRpc(message));
  }
}
