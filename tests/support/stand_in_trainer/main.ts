/**
 * A stand-in for `sleap-nn` 0.3.5 that needs no Python: same files, messages, signals and exit
 * codes as the recorded trainer, in milliseconds. It proves nothing about sleap-nn itself.
 *
 * Arguments: the script file, then the arguments of `sleap-nn`.
 *
 * @module
 */
import { readCommandLine } from "./command_line.ts";
import { Output } from "./output.ts";
import { asTrainerFailure } from "./python/failure.ts";
import { readScript, type StandInScript } from "./script.ts";
import { VERSION } from "./version.ts";

async function main([scriptPath = "", ...args]: string[]): Promise<void> {
  const script = readScript(scriptPath);
  recordStart(script, args);
  const output = new Output(false);
  try {
    const command = readCommandLine(args);
    switch (command.name) {
      case "version":
        output.print(script.versionOutput ?? VERSION);
        break;
      case "help":
        for (const line of command.lines) output.print(line);
        break;
      case "train": {
        const { train } = await import("./train.ts");
        await train(script, command.config, command.overrides);
        break;
      }
      case "predict": {
        const { predict } = await import("./predict.ts");
        await predict(script, command.prediction);
      }
    }
  } catch (error) {
    const failure = asTrainerFailure(error);
    for (const line of failure.stderr) output.note(line);
    Deno.exit(failure.exitCode);
  }
}

function recordStart(script: StandInScript, args: string[]): void {
  if (script.recordTo === undefined) return;
  const start = { pid: Deno.pid, args, cwd: Deno.cwd(), env: Deno.env.toObject() };
  Deno.writeTextFileSync(script.recordTo, `${JSON.stringify(start)}\n`, { append: true });
}

await main(Deno.args);
