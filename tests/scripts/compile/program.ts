/** A small program that the tests build a launcher from: it says how it was started. */
import { Command } from "@commander-js/extra-typings";
import { runKind, selfCommand } from "../../../lib/self_command.ts";
import { VERSION } from "../../../lib/version.ts";

const program = new Command("program").version(VERSION).enablePositionalOptions();
program.command("arguments").argument("[words...]").allowUnknownOption().passThroughOptions()
  .action((words) => print(JSON.stringify(words)));
program.command("where").action(() =>
  print(JSON.stringify({
    kind: runKind(),
    runtime: Deno.execPath(),
    cwd: Deno.cwd(),
    pid: Deno.pid,
    environment: Deno.env.toObject(),
  }))
);
program.command("lazy").action(async () => print((await import("./lazy.ts")).lazyText()));
program.command("common-js").action(async () => {
  const { parse, default: all } = await import("yaml");
  print(JSON.stringify([parse("a: 1"), typeof all.stringify]));
});
program.command("connect").action(async () => {
  const { connectPair } = await import("./connect_pair.ts");
  await using pair = await connectPair();
  await pair.client.control.send("connected");
  print(String((await pair.worker.control.next()).value));
});
program.command("copy").action(() => Deno.stdin.readable.pipeTo(Deno.stdout.writable));
program.command("exit").argument("<code>").action((code) => Deno.exit(Number(code)));
program.command("wait").action(async () => {
  Deno.addSignalListener("SIGTERM", () => Deno.exit(42));
  print(`waiting ${Deno.pid}`);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
program.command("again").action(async () => {
  print("started");
  await Deno.stdin.read(new Uint8Array(1));
  const { command, args } = selfCommand(["lazy"]);
  await new Deno.Command(command, { args, stdin: "null" }).spawn().status;
});

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

await program.parseAsync(Deno.args, { from: "user" });
