/**
 * sleap-nn's two ZMQ callbacks: the progress it publishes and the commands it obeys.
 *
 * @module
 */
import { parse } from "yaml";
import type { Output } from "../output.ts";
import { traceback } from "../python/failure.ts";
import { floatsJson, typeName, valueRepr } from "../python/text.ts";
import type { ZmtpSocket } from "./zmtp.ts";

type Metrics = ReadonlyMap<string, number>;

/** Publishes the events of a training; without a socket it does nothing. */
export class ProgressReporter {
  readonly #socket: ZmtpSocket | null;

  constructor(socket: ZmtpSocket | null) {
    this.#socket = socket;
  }

  trainBegin(): void {
    this.#send("train_begin", `"logs": null, "wandb_url": null`);
  }

  trainEnd(): void {
    this.#send("train_end", `"logs": null`);
  }

  epochBegin(epoch: number): void {
    this.#send("epoch_begin", `"logs": null, "epoch": ${epoch}`);
  }

  epochEnd(epoch: number, metrics: Metrics): void {
    this.#send("epoch_end", `"logs": ${floatsJson(metrics)}, "epoch": ${epoch}`);
  }

  batchStart(batch: number): void {
    this.#send("batch_start", `"logs": null, "batch": ${batch}`);
  }

  batchEnd(epoch: number, batch: number, metrics: Metrics): void {
    const logs = floatsJson(metrics);
    this.#send("batch_end", `"logs": ${logs}, "epoch": ${epoch}, "batch": ${batch}`);
  }

  #send(event: string, rest: string): void {
    this.#socket?.send(`{"what": "", "event": "${event}", ${rest}}`);
  }
}

/** Takes commands, one after each batch; without a socket there are none. */
export class Controller {
  readonly #socket: ZmtpSocket | null;
  readonly #output: Output;

  constructor(socket: ZmtpSocket | null, output: Output) {
    this.#socket = socket;
    this.#output = output;
  }

  /**
   * Take the next command.
   *
   * @returns whether the training is to stop
   * @throws {TrainerFailure} if the message is no JSON object
   */
  poll(): boolean {
    const text = this.#socket?.received.shift();
    if (text === undefined) return false;
    const message = decode(text);
    const shown = typeof message === "string" ? message : valueRepr(message);
    this.#output.log(`Received control message: ${shown}`);
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw traceback([
        '  File "<site-packages>/lightning/pytorch/loops/training_epoch_loop.py", line 375, in advance',
        '  File "<site-packages>/lightning/pytorch/trainer/call.py", line 228, in _call_callback_hooks',
        '  File "<site-packages>/sleap_nn/training/callbacks.py", line 1341, in on_train_batch_end',
        `AttributeError: '${typeName(message)}' object has no attribute 'get'`,
      ]);
    }
    return "command" in message && message.command === "stop";
  }
}

/** As jsonpickle decodes it: what is no JSON is taken for YAML. */
function decode(text: string): unknown {
  try {
    return parse(text);
  } catch {
    throw traceback(["yaml.parser.ParserError: while parsing a flow mapping"]);
  }
}
