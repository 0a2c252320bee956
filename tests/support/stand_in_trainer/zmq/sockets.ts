/**
 * The two sockets of a training.
 *
 * @module
 */
import type { Context } from "../run/context.ts";
import { Controller, ProgressReporter } from "./progress.ts";
import { ZmtpSocket } from "./zmtp.ts";

/** Longest wait for watchers that accept the connection but don't subscribe, milliseconds. */
const SETTLE_MS = 1000;

/** Open from set-up to the end of the process, as far as the configuration names ports. */
export class Sockets {
  readonly #context: Context;
  #publisher: ZmtpSocket | null = null;
  #controller: ZmtpSocket | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Start to connect. */
  connect(): void {
    const { output, process, script, settings } = this.#context;
    const { controllerPort, publishPort } = settings;
    if (controllerPort !== null) {
      const address = `tcp://127.0.0.1:${controllerPort}`;
      output.log(`Training controller subscribed to: ${address} (topic: )`);
      if (!script.silent) this.#controller = new ZmtpSocket("SUB", controllerPort);
    }
    if (publishPort !== null) {
      output.log(`ProgressReporterZMQ publishing to tcp://127.0.0.1:${publishPort} for ''`);
      if (!script.silent) this.#publisher = new ZmtpSocket("PUB", publishPort);
    }
    process.atExit(async () => {
      await this.#publisher?.close();
      await this.#controller?.close();
    });
  }

  /** Wait until messages reach whoever watches. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_MS;
    const sockets = [this.#publisher, this.#controller];
    while (sockets.some((socket) => socket?.settled === false) && performance.now() < deadline) {
      await this.#context.process.pause(1);
    }
  }

  /** What the training loop reports to and obeys. */
  callbacks(): { reporter: ProgressReporter; controller: Controller } {
    return {
      reporter: new ProgressReporter(this.#publisher),
      controller: new Controller(this.#controller, this.#context.output),
    };
  }
}
