/**
 * How this program starts itself again: a supervisor is the same program, in another process.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** What the program may do, however it is started. Deno lets nothing less read `/proc/<pid>/stat`. */
export const PERMISSION_FLAGS: readonly string[] = ["-A"];

/**
 * `deno run` flags of the launcher: the program is complete, so Deno must neither look for
 * configuration around the user's working folder nor touch the network for modules.
 */
export const LAUNCHER_FLAGS: readonly string[] = [
  ...PERMISSION_FLAGS,
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];

/** How this process was started: `deno run main.ts`, `deno compile`, or our launcher. */
export type RunKind = "source" | "compiled" | "launcher";

/** A program and its arguments, for `Deno.Command`. */
export interface SelfCommand {
  /** Absolute path of the executable. */
  command: string;
  /** Its arguments, in order. */
  args: string[];
}

/** How this process was started. */
export function runKind(): RunKind {
  if (Deno.build.standalone) return "compiled";
  return import.meta.url.endsWith(".ts") ? "source" : "launcher";
}

/**
 * The command that runs this program with `args`, from any working folder.
 *
 * A launched program names the unpacked runtime, so the launcher file may be moved or deleted while
 * a job runs.
 *
 * @param args arguments of the program, without a program name
 * @example
 * ```ts
 * import { selfCommand } from "./self_command.ts";
 *
 * const { command, args } = selfCommand(["--version"]);
 * await new Deno.Command(command, { args, stdin: "null", stdout: "null" }).output();
 * ```
 */
export function selfCommand(args: string[]): SelfCommand {
  return { command: executable(), args: [...prefixOf(runKind()), ...args] };
}

/** Linux marks the path of a running file that was replaced, by an upgrade or a repaired cache. */
function executable(): string {
  return Deno.execPath().replace(/ \(deleted\)$/, "");
}

function prefixOf(kind: RunKind): string[] {
  switch (kind) {
    case "compiled":
      return [];
    case "launcher":
      return ["run", ...LAUNCHER_FLAGS, fileURLToPath(Deno.mainModule)];
    case "source":
      return [
        "run",
        // Its stderr is a log: no download lines in there, which Deno colours.
        "--quiet",
        ...PERMISSION_FLAGS,
        "--config",
        fileURLToPath(new URL("../deno.json", import.meta.url)),
        fileURLToPath(new URL("../main.ts", import.meta.url)),
      ];
  }
}
