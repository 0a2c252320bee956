import { ConnectionError, messageOf, SleapRtcError } from "../../lib/errors.ts";
import { decodeRpc, encodeRpc, type RpcError, type RpcMessage } from "../../lib/protocol/rpc.ts";
import type { BlockChannel, Calls } from "../../lib/transfer/wire.ts";

/** Answers calls, by method. */
export type Handlers = Record<string, (params: unknown) => Promise<unknown>>;

/** What a failed call is rejected with. */
export class RemoteError extends SleapRtcError {
  override readonly exitCode: number;

  constructor(error: RpcError) {
    super(error.message, error.hint === undefined ? {} : { hint: error.hint });
    this.exitCode = error.exit_code;
  }
}

/** Calls and notifications over a channel, as simple as can be. */
export class RpcDouble implements Calls {
  readonly #channel: BlockChannel;
  readonly #handlers: Handlers;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Map<string, Set<(params: unknown) => void>>();
  #lastId = 0;
  /** Resolved when the channel has ended. */
  readonly ended: Promise<void>;

  constructor(channel: BlockChannel, handlers: Handlers = {}) {
    this.#channel = channel;
    this.#handlers = handlers;
    this.ended = this.#run();
  }

  async call(
    method: string,
    params: unknown,
    options: { signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    const onAbort = () => call.reject(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort);
    try {
      await this.#send({ kind: "request", id, method, params });
      return await call.promise;
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      this.#calls.delete(id);
    }
  }

  async notify(method: string, params: unknown): Promise<void> {
    await this.#send({ kind: "notification", method, params });
  }

  onNotification(method: string, listener: (params: unknown) => void): Disposable {
    const listeners = this.#listeners.get(method) ?? new Set();
    this.#listeners.set(method, listeners.add(listener));
    return { [Symbol.dispose]: () => listeners.delete(listener) };
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
        for (const listener of this.#listeners.get(message.method) ?? []) listener(message.params);
        break;
      case "result":
        if (typeof message.id === "number") this.#calls.get(message.id)?.resolve(message.result);
        break;
      case "error":
        if (typeof message.id === "number") {
          this.#calls.get(message.id)?.reject(new RemoteError(message.error));
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

function toRpcError(error: unknown): RpcError {
  const { exitCode = 1, hint } = error instanceof SleapRtcError ? error : {};
  return {
    code: error instanceof Error ? error.name : "internal",
    message: messageOf(error),
    exit_code: exitCode,
    ...(hint === undefined ? {} : { hint }),
  };
}
