import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { joinRoom } from "../lib/signaling/join.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { readJoinLink } from "./shared/read_join_link.ts";

/** `join LINK`: join a room, once on each machine. */
export function command(): CommandUnknownOpts {
  return new Command("join")
    .summary("join a room, once on each machine")
    .description("Join the room of a link that serve or invite printed, once on each machine.")
    .argument("<link>", "the whole link; - reads it from stdin, so that no other user sees it")
    .option("--allow-legacy", "accept Python 0.0.7 peers there, which cannot prove the connection")
    .option("--no-allow-legacy", "do not accept them any more")
    .option("--json", "print the result as JSON")
    .action(run);
}

interface Options {
  allowLegacy?: boolean | undefined;
  json?: true | undefined;
}

async function run(link: string, options: Options): Promise<void> {
  const room = await joinRoom(link === "-" ? await readJoinLink() : link, options);
  const { server, room_id, room_name, allow_legacy } = room;
  if (options.json) {
    const result = { server, room_id, room_name, allow_legacy };
    writeStdout(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  writeStdout(`joined room ${room_id} at ${server}\n`);
  if (allow_legacy) {
    writeStderr("Python peers are accepted there without proof of the connection\n");
  }
}
