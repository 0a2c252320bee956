/** What a shell, a wrapper script or `env` says: its name or path, then why it cannot run it. */
const SHELL_LINE =
  /^(?:sh|env|\/[^:]*): .*(?:not found|no such file or directory|permission denied|cannot execute|exec format error|is a directory|text file busy|list too long|bad interpreter)/i;

/**
 * The last line in which a shell says that it cannot run a program.
 *
 * Whoever could start the trainer at all may have such lines too, from programs of its own: they
 * tell something only beside the exit codes 126 and 127.
 *
 * @param text stdout and stderr, mixed
 */
export function lastShellError(text: string): string | null {
  return text.split(/[\r\n]+/).findLast((line) => SHELL_LINE.test(line)) ?? null;
}
