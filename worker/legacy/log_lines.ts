/** Longest line that is sent in one piece, in UTF-16 units: a message holds 64 KiB. */
const MAX_LINE = 16_000;

/** One line of a log. */
export interface LogLine {
  text: string;
  /** It ended with a carriage return: the next line overwrites it, as in a progress bar. */
  isOverwritten: boolean;
}

/** Cuts a growing log into lines; empty ones are left out, very long ones come in pieces. */
export class LogLines {
  #rest = "";

  /** The lines that are complete with this text. */
  add(text: string): LogLine[] {
    const all = this.#rest + text;
    const lines: LogLine[] = [];
    let start = 0;
    // A carriage return at the end may be the first half of a line end.
    for (const { 0: end, index } of all.matchAll(/\r\n|\n|\r(?!$)/g)) {
      lines.push(...pieces(all.slice(start, index), end === "\r"));
      start = index + end.length;
    }
    this.#rest = all.slice(start);
    while (this.#rest.length > MAX_LINE) {
      lines.push({ text: this.#rest.slice(0, MAX_LINE), isOverwritten: false });
      this.#rest = this.#rest.slice(MAX_LINE);
    }
    return lines;
  }

  /** The log has ended: the line that has no end. */
  end(): LogLine[] {
    const rest = this.#rest.replace(/\r$/, "");
    this.#rest = "";
    return pieces(rest, false);
  }
}

function pieces(text: string, isOverwritten: boolean): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; at < text.length; at += MAX_LINE) {
    lines.push({ text: text.slice(at, at + MAX_LINE), isOverwritten });
  }
  return lines;
}
