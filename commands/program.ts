/**
 * The command tree: only the subcommand that is run is loaded.
 *
 * @module
 */
import {
  Command,
  CommanderError,
  type CommandUnknownOpts,
  Option,
} from "@commander-js/extra-typings";
import { EXIT, UsageError } from "../lib/errors.ts";
import { logToStderr } from "../lib/log.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { VERSION } from "../lib/version.ts";
import { COMMANDS } from "./index.ts";
import { reportError } from "./report_error.ts";

/**
 * Run the command line.
 *
 * @param args without program name
 * @returns the exit code
 */
export async function runCommandLine(args: string[]): Promise<number> {
  const isDebug = args.includes("--debug");
  logToStderr(isDebug ? "debug" : "warning", { dated: isDebug });
  try {
    const program = await buildProgram(args);
    const unknown = unknownCommand(args);
    const known = unknown === null ? ownWithDashes(args) : [unknown];
    await program.parseAsync(known, { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return reportError(error, isDebug);
  }
}

async function buildProgram(args: string[]): Promise<CommandUnknownOpts> {
  const program = new Command("sleap-rtc")
    .description("Train and run SLEAP pose models on your own GPU machines, and never lose one.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .addOption(debugOption())
    .showSuggestionAfterError()
    .exitOverride()
    .hook("preAction", (_, command) => refuseEmptyValues(command))
    .configureOutput({
      writeOut: writeStdout,
      writeErr: writeStderr,
      outputError: (text, write) => write(usageError(text, program)),
    });
  const wanted = args.filter((arg) => !arg.startsWith("-") && arg !== "help")[0];
  for (const { name, summary, hidden, load } of COMMANDS) {
    const sub = name === wanted ? (await load()).command() : new Command(name).description(summary);
    program.addCommand(sub, { hidden: hidden ?? false });
    inherit(sub, program);
  }
  if (args.length === 0) program.addHelpText("after", "\nBegin with: sleap-rtc train --help");
  return program;
}

function debugOption(): Option<"--debug"> {
  return new Option("--debug", "show all log lines, and where an error came from");
}

/** `--registry "$DIR"` with a variable that is not set is a mistake, never "not given". */
function refuseEmptyValues(command: CommandUnknownOpts): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if ([value].flat().includes("")) {
      throw new UsageError(`Option '${option.flags}' has an empty value`, {
        hint: "Give a value, or leave the option out",
      });
    }
  }
}

/** A subcommand behaves as its parent: it throws instead of exiting, and writes where it writes. */
function inherit(command: CommandUnknownOpts, parent: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent).helpOption("-h, --help", "show help")
    .configureOutput({ outputError: (text, write) => write(usageError(text, command)) });
  if (command.options.every(({ long }) => long !== "--debug")) {
    command.addOption(debugOption());
  }
  for (const child of command.commands) inherit(child, command);
}

/** What follows `--` is for another program. */
function ownWithDashes(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, index) => end !== -1 && index > end ? arg : withDashes(arg));
}

/** The Python program spells its options with underscores: `--run_name`. */
function withDashes(arg: string): string {
  const name = /^--[a-z]+(?:_[a-z]+)+(?==|$)/.exec(arg)?.[0];
  return name === undefined ? arg : name.replaceAll("_", "-") + arg.slice(name.length);
}

/** A command that does not exist, asked for or asked about; commander answers `x --help` for it. */
function unknownCommand([first, second]: readonly string[]): string | null {
  const name = first === "help" ? second : first;
  if (name === undefined || name.startsWith("-") || name === "help") return null;
  return COMMANDS.some((entry) => entry.name === name) ? null : name;
}

/** What commander says, in our form: what is wrong, then what to do. */
function usageError(text: string, command: CommandUnknownOpts): string {
  const line = text.trimEnd();
  const similar = /^(.*)\n\(Did you mean (.*)\?\)$/s.exec(line);
  if (similar !== null) return `${similar[1]}\nhint: Did you mean ${similar[2]}?\n`;
  const invalid = /^(.* is invalid)\. (.*)$/s.exec(line);
  if (invalid !== null) return `${invalid[1]}\nhint: ${invalid[2]}\n`;
  return `${line.replace(/\.$/, "")}\nhint: See ${pathOf(command)} --help\n`;
}

/** What is typed to run a command: `sleap-rtc registry model-id`. */
function pathOf(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
