import { writeStderr } from "./output.ts";

const MAX_LINE_BYTES = 65_536;

/** One line of stdin without its end; null when there is none. */
export async function readLine(): Promise<string | null> {
  let text = "";
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(1024);
  while (text.length < MAX_LINE_BYTES) {
    const read = await Deno.stdin.read(chunk);
    if (read === null) break;
    text += decoder.decode(chunk.subarray(0, read), { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end).replace(/\r$/, "");
  }
  return text === "" ? null : text;
}

/** Ask a question on the terminal; everything but a clear yes is a no. */
export async function confirm(question: string): Promise<boolean> {
  writeStderr(`${question} [y/N] `);
  return /^\s*y(?:es)?\s*$/i.test(await readLine() ?? "");
}
