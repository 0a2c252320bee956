/** The newest bytes of a stream: at least `limit` of them once there are so many. */
export class Tail {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isCut = false;

  /** @param limit in bytes; at most one chunk more is held */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Take the next bytes of the stream; they must not change afterwards. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    let [oldest] = this.#chunks;
    while (oldest !== undefined && this.#bytes - oldest.length >= this.#limit) {
      this.#chunks.shift();
      this.#bytes -= oldest.length;
      this.#isCut = true;
      [oldest] = this.#chunks;
    }
  }

  /** Their text as whole lines: what is left of a line whose beginning is gone is left out. */
  text(): string {
    const decoder = new TextDecoder();
    const text = this.#chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
    if (!this.#isCut) return text;
    const lineEnd = text.search(/[\r\n]/);
    return lineEnd < 0 ? "" : text.slice(lineEnd + 1);
  }
}
