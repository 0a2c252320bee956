/** A command of this program, as it is typed into a shell. */
export function typedCommand(words: readonly string[]): string {
  return ["sleap-rtc", ...words].map(shellWord).join(" ");
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
