/** A command of this program, as it is typed into a shell. */
export function typedCommand(words: readonly string[]): string {
  return shellWords(["sleap-rtc", ...words]);
}

/** Words as they are typed into a shell. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
