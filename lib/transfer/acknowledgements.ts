import * as v from "valibot";
import { UPLOAD_METHODS, type UploadReceived, UploadReceivedSchema } from "../protocol/upload.ts";

/** Hands what a worker tells of uploads to those that wait for it. One for each connection. */
export class Acknowledgements {
  readonly #listeners = new Map<number, (received: UploadReceived) => void>();

  /** Takes the worker's notifications, by method; what cannot be read is ignored. */
  readonly handlers = {
    [UPLOAD_METHODS.received]: (params: unknown) => {
      const { success, output } = v.safeParse(UploadReceivedSchema, params);
      if (success) this.#listeners.get(output.upload)?.(output);
    },
  };

  /** Hear of one upload until the result is disposed of. */
  listen(upload: number, listener: (received: UploadReceived) => void): Disposable {
    this.#listeners.set(upload, listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(upload) };
  }
}
