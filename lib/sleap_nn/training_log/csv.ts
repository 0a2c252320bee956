/**
 * Comma-separated values as Python's `csv` writes them: quotes, commas and line ends in quotes,
 * CRLF.
 *
 * @module
 */

const QUOTE = '"';

/** The state of {@linkcode CsvReader} between two characters. */
type State = "plain" | "quoted" | "quote in quoted";

/** Reads records from text that arrives in pieces; a record counts when its line has ended. */
export class CsvReader {
  #record: string[] = [];
  #field = "";
  #state: State = "plain";

  /** Take the next piece of text; returns the records that are complete now. */
  add(text: string): string[][] {
    const records: string[][] = [];
    for (const character of text) {
      if (this.#state === "quoted") this.#addQuoted(character);
      else if (character === QUOTE) this.#quote();
      else if (character === "\n") records.push(this.#endRecord());
      else if (character === ",") this.#endField();
      else this.#addPlain(character);
    }
    return records;
  }

  #addQuoted(character: string): void {
    if (character === QUOTE) this.#state = "quote in quoted";
    else this.#field += character;
  }

  /** A quote outside quotes opens them; right after a closing one it is a literal quote. */
  #quote(): void {
    if (this.#state === "quote in quoted") this.#field += QUOTE;
    this.#state = "quoted";
  }

  #addPlain(character: string): void {
    this.#state = "plain";
    if (character !== "\r") this.#field += character;
  }

  #endField(): void {
    this.#record.push(this.#field);
    this.#field = "";
    this.#state = "plain";
  }

  #endRecord(): string[] {
    this.#endField();
    const record = this.#record;
    this.#record = [];
    return record;
  }
}
