/**
 * The words of a shell script, without running anything in it.
 *
 * @module
 */

const SEPARATORS: ReadonlySet<string> = new Set(["\n", ";", "&", "|", "(", ")"]);

/**
 * Split a script into simple commands and these into words: quotes, backslashes, comments and line
 * continuations as in a POSIX shell. Variables and substitutions stay as they are written.
 */
export function shellCommands(script: string): string[][] {
  const splitter = new Splitter();
  const text = script.replaceAll("\r\n", "\n");
  for (let at = 0; at < text.length;) at = splitter.take(text, at);
  return splitter.commands();
}

class Splitter {
  readonly #commands: string[][] = [];
  #words: string[] = [];
  #word: string | null = null;

  /** Takes what stands at `at`; returns where to go on. */
  take(text: string, at: number): number {
    const character = text[at] ?? "";
    if (SEPARATORS.has(character)) this.#endCommand();
    else if (character === " " || character === "\t") this.#endWord();
    else if (character === "#" && this.#word === null) return endOf(text, "\n", at);
    else if (character === "'") return this.#quoted(text, at);
    else if (character === '"') return this.#doubleQuoted(text, at + 1);
    else if (character === "\\") return this.#escaped(text, at + 1);
    else this.#append(character);
    return at + 1;
  }

  commands(): string[][] {
    this.#endCommand();
    return this.#commands;
  }

  #quoted(text: string, at: number): number {
    const end = endOf(text, "'", at + 1);
    this.#append(text.slice(at + 1, end));
    return end + 1;
  }

  #doubleQuoted(text: string, start: number): number {
    this.#append("");
    let at = start;
    while (at < text.length && text[at] !== '"') {
      const next = text[at + 1] ?? "";
      const isEscape = text[at] === "\\" && next !== "" && '"\\$`\n'.includes(next);
      if (isEscape) at++;
      if (!isEscape || next !== "\n") this.#append(text[at] ?? "");
      at++;
    }
    return at + 1;
  }

  #escaped(text: string, at: number): number {
    if (text[at] !== "\n") this.#append(text[at] ?? "");
    return at + 1;
  }

  #append(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }

  #endCommand(): void {
    this.#endWord();
    if (this.#words.length > 0) this.#commands.push(this.#words);
    this.#words = [];
  }
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}
