import { UsageError } from "../errors.ts";
import { pyInt } from "./numbers.ts";
import { PyMapBuilder, type PyScalar, type PyValue } from "./value.ts";

/** Deeper nesting is no configuration; Python stops near 1000. */
const MAX_DEPTH = 500;

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const WORD = /null|true|false|NaN|-?Infinity/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: Readonly<Record<string, PyScalar>> = {
  null: null,
  true: true,
  false: false,
  NaN: NaN,
  Infinity: Infinity,
  "-Infinity": -Infinity,
};

/** Reads one JSON document. */
export class JsonReader {
  readonly #text: string;
  readonly #source: string;
  #position = 0;
  #depth = 0;

  constructor(text: string, source: string) {
    this.#text = text;
    this.#source = source;
  }

  /** @throws {UsageError} when the text is not one JSON document */
  read(): PyValue {
    const value = this.#value();
    if (this.#position < this.#text.length) throw this.#error("unexpected text after the value");
    return value;
  }

  #value(): PyValue {
    this.#match(SPACE);
    const value = this.#token();
    this.#match(SPACE);
    return value;
  }

  #token(): PyValue {
    switch (this.#text[this.#position]) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#wordOrNumber();
    }
  }

  #nested(read: () => PyValue): PyValue {
    if (++this.#depth > MAX_DEPTH) throw this.#error("nested too deeply");
    this.#position++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): PyValue {
    const builder = new PyMapBuilder();
    this.#match(SPACE);
    if (this.#skip("}")) return builder.map;
    do {
      this.#match(SPACE);
      const key = this.#string();
      this.#match(SPACE);
      this.#expect(":");
      builder.set(key, this.#value());
    } while (this.#skip(","));
    this.#expect("}");
    return builder.map;
  }

  #array(): PyValue {
    const items: PyValue[] = [];
    this.#match(SPACE);
    if (this.#skip("]")) return items;
    do items.push(this.#value()); while (this.#skip(","));
    this.#expect("]");
    return items;
  }

  #string(): string {
    if (this.#text[this.#position] !== '"') throw this.#error("expected a text in double quotes");
    const end = this.#stringEnd();
    try {
      const text: string = JSON.parse(this.#text.slice(this.#position, end));
      this.#position = end;
      return text;
    } catch {
      throw this.#error("the text holds a control character or an unknown escape");
    }
  }

  #stringEnd(): number {
    for (let i = this.#position + 1; i < this.#text.length; i++) {
      const character = this.#text[i];
      if (character === '"') return i + 1;
      if (character === "\\") i++;
    }
    throw this.#error("the text has no closing quote");
  }

  #wordOrNumber(): PyScalar {
    const word = this.#match(WORD)?.[0];
    if (word !== undefined) return WORDS[word] ?? null;
    const start = this.#position;
    const number = this.#match(NUMBER);
    if (number === null) throw this.#error("expected a value");
    if (number[1] !== undefined || number[2] !== undefined) return Number(number[0]);
    try {
      return pyInt(number[0]);
    } catch (error) {
      this.#position = start;
      throw this.#error(error instanceof Error ? error.message : String(error));
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#position = pattern.lastIndex;
    return found;
  }

  #skip(character: string): boolean {
    const found = this.#text[this.#position] === character;
    if (found) this.#position++;
    return found;
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.#error(`expected "${character}"`);
  }

  #error(problem: string): UsageError {
    const before = this.#text.slice(0, this.#position).split("\n");
    const column = (before.at(-1) ?? "").length + 1;
    return new UsageError(
      `Cannot read "${this.#source}" as JSON: line ${before.length}, column ${column}: ${problem}`,
    );
  }
}
