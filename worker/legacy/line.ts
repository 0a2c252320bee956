/** How a Python client is spoken to. */
export interface LegacyLine {
  /** Aborted when the client is gone. */
  gone: AbortSignal;
  /**
   * Send one message; waits for room.
   *
   * @throws {ConnectionError} when the client is gone
   */
  send(message: string | Uint8Array): Promise<void>;
}
