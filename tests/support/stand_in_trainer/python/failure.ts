/**
 * How a Python program ends when something goes wrong.
 *
 * @module
 */

/** An uncaught exception, or `SystemExit`: the process ends with this code and these last lines. */
export class TrainerFailure extends Error {
  /** Last lines of stderr. */
  readonly stderr: readonly string[];
  /** Exit code of the process. */
  readonly exitCode: number;
  /** What the trainer also logs on stdout, like its own checks do. */
  readonly logged: string | undefined;

  constructor(stderr: readonly string[], options: { exitCode?: number; logged?: string } = {}) {
    super(stderr.at(-1));
    this.stderr = stderr;
    this.exitCode = options.exitCode ?? 1;
    this.logged = options.logged;
  }
}

/** The failure that prints these lines as the end of a traceback. */
export function traceback(lines: readonly string[], logged?: string): TrainerFailure {
  const options = logged === undefined ? {} : { logged };
  return new TrainerFailure(["Traceback (most recent call last):", ...lines], options);
}

const OS_ERRORS: Record<string, [string, number, string]> = {
  ENOENT: ["FileNotFoundError", 2, "No such file or directory"],
  EACCES: ["PermissionError", 13, "Permission denied"],
  EPERM: ["PermissionError", 1, "Operation not permitted"],
  EEXIST: ["FileExistsError", 17, "File exists"],
  ENOTDIR: ["NotADirectoryError", 20, "Not a directory"],
  EISDIR: ["IsADirectoryError", 21, "Is a directory"],
  EROFS: ["OSError", 30, "Read-only file system"],
  ENOSPC: ["OSError", 28, "No space left on device"],
};

/** Python's class and text for an error of the operating system; null if it is none we know. */
export function osErrorText(error: unknown): { name: string; text: string } | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = OS_ERRORS[code];
  if (known === undefined) return null;
  const [name, errno, text] = known;
  return { name, text: `[Errno ${errno}] ${text}` };
}

/** The failure that Python would make of any error thrown here. */
export function asTrainerFailure(error: unknown): TrainerFailure {
  if (error instanceof TrainerFailure) return error;
  const known = osErrorText(error);
  if (known !== null) return traceback([`${known.name}: ${known.text}`]);
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return traceback([`RuntimeError: stand-in trainer: ${text}`]);
}
