/**
 * The line to a running sleap-nn: its progress, and the one command it takes.
 *
 * sleap-nn connects both of its sockets, so this side binds, before the trainer starts, and
 * writes the ports into `trainer_config.zmq`. The ports are open on 127.0.0.1 only.
 *
 * @module
 */
import { messageOf, SleapRtcError } from "../errors.ts";
import { parseTrainerMessage, type TrainerMessage } from "./control_socket/message.ts";
import { MessageQueue } from "./control_socket/queue.ts";
import { bindPub, bindSub, type BoundSocket, type PubSocket } from "./zmtp.ts";

export type {
  BatchEnd,
  EpochBegin,
  EpochEnd,
  TrainBegin,
  TrainEnd,
  TrainerMessage,
} from "./control_socket/message.ts";

/** PUB/SUB loses what is sent before the subscription arrives. */
const RESEND_MS = 500;
const STOP = JSON.stringify({ command: "stop" });
/** There are two messages a batch, and each read wakes the whole process. */
const GATHER_MS = 1_000;
const MAX_WAITING_BATCHES = 10_000;

/** The line to one running trainer. */
export interface ControlSocket {
  /** For `trainer_config.zmq.publish_port`. */
  readonly publishPort: number;
  /** For `trainer_config.zmq.controller_port`. */
  readonly controllerPort: number;
  /**
   * What the trainer says, for one reader; ends after {@linkcode ControlSocket.close}. Where the
   * reader is slow, old `batch_end` messages are dropped, others never.
   */
  readonly messages: AsyncIterable<TrainerMessage>;
  /**
   * Ask the trainer to end early, with validation, checkpoint and evaluation: repeated every
   * 500 ms until `signal` aborts or the socket is closed. Asking twice is asking once.
   */
  requestStop(signal?: AbortSignal): void;
  /** Close both ports; resolves when nothing runs any more. */
  close(): Promise<void>;
}

/**
 * Open both ports, on free port numbers.
 *
 * @throws {SleapRtcError} when no port can be opened; a training works without
 */
export async function openControlSocket(): Promise<ControlSocket> {
  const queue = new MessageQueue(MAX_WAITING_BATCHES);
  const opened: BoundSocket[] = [];
  try {
    const progress = bindSub((text) => {
      const message = parseTrainerMessage(text);
      if (message !== null) queue.push(message);
    }, { gatherMs: GATHER_MS });
    opened.push(progress);
    return new Line(progress, bindPub(), queue);
  } catch (cause) {
    await Promise.all(opened.map((socket) => socket.close()));
    throw new SleapRtcError(
      `Cannot open a control socket for the trainer on 127.0.0.1: ${messageOf(cause)}`,
      { cause },
    );
  }
}

class Line implements ControlSocket {
  readonly publishPort: number;
  readonly controllerPort: number;
  readonly messages: AsyncIterable<TrainerMessage>;
  readonly #progress: BoundSocket;
  readonly #commands: PubSocket;
  readonly #queue: MessageQueue;
  #resending: ReturnType<typeof setInterval> | null = null;
  #closed = false;

  constructor(progress: BoundSocket, commands: PubSocket, queue: MessageQueue) {
    this.publishPort = progress.port;
    this.controllerPort = commands.port;
    this.messages = queue;
    this.#progress = progress;
    this.#commands = commands;
    this.#queue = queue;
  }

  requestStop(signal?: AbortSignal): void {
    if (this.#closed || this.#resending !== null || signal?.aborted) return;
    this.#commands.send(STOP);
    this.#resending = setInterval(() => this.#commands.send(STOP), RESEND_MS);
    signal?.addEventListener("abort", () => this.#stopResending(), { once: true });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopResending();
    await Promise.all([this.#progress.close(), this.#commands.close()]);
    this.#queue.close();
  }

  #stopResending(): void {
    if (this.#resending !== null) clearInterval(this.#resending);
    this.#resending = null;
  }
}
