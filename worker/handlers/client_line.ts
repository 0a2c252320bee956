/** How a client is spoken to. */
export interface ClientLine {
  /** Aborted when the client is gone. */
  gone: AbortSignal;
  send(text: string): Promise<void>;
  notify(method: string, params: unknown): Promise<void>;
}

/** Of a text in an answer, in UTF-16 units. */
export const MAX_TEXT = 4_000;
