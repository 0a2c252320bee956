import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
} from "@commander-js/extra-typings";
import { findJoinedRoom, type JoinedRoom } from "../lib/credentials.ts";
import { inviteTo } from "../lib/signaling/join.ts";
import { invitePython } from "../lib/signaling/python_credentials.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { parseCount, roomOption } from "./shared/options.ts";

const MAX_HOURS = 8_760;
const HOUR = 3600;

/** `invite`: a further link into a room that this machine has joined. */
export function command(): CommandUnknownOpts {
  return new Command("invite")
    .summary("print a link for a further machine")
    .description("Print a join link for further machines, for a room that this machine has joined.")
    .addOption(roomOption())
    .option("--uses <n>", "how many machines may join with it (default: 20)", parseCount)
    .option("--hours <n>", "how long it is valid (default: 24, at most 8760)", parseHours)
    .option("--python", "print credentials.json of a machine with the Python program instead")
    .option("--json", "print the result as JSON")
    .action(run);
}

interface Options {
  room?: string | undefined;
  uses?: number | undefined;
  hours?: number | undefined;
  python?: true | undefined;
  json?: true | undefined;
}

async function run(options: Options): Promise<void> {
  const room = await findJoinedRoom(options.room);
  if (options.python) return await printPythonCredentials(room);
  const invite = await inviteTo(room, {
    uses: options.uses,
    lifetime: options.hours === undefined ? undefined : options.hours * HOUR,
  });
  const { link, expires_in_seconds, uses } = invite;
  if (options.json) {
    const { server, room_id } = room;
    const result = { link, server, room_id, expires_in_seconds, uses };
    writeStdout(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  writeStdout(`${link}\n`);
  writeStderr(
    `for room ${room.room_id}: ${uses} machines within ${expires_in_seconds / HOUR} hours\n` +
      "The link is a key: give it to nobody else.\n",
  );
}

async function printPythonCredentials(room: JoinedRoom): Promise<void> {
  writeStdout(`${JSON.stringify(await invitePython(room), null, 2)}\n`);
  const { server } = room;
  writeStderr(
    "Save it on that machine as ~/.sleap-rtc/credentials.json (mode 0600), and set there:\n" +
      `SLEAP_RTC_SIGNALING_WS=${
        server.replace("http", "ws")
      } SLEAP_RTC_SIGNALING_HTTP=${server}\n` +
      "Our workers accept it only with --allow-legacy.\n",
  );
}

/** The server's limit is a year. */
function parseHours(text: string): number {
  const hours = parseCount(text);
  if (hours > MAX_HOURS) throw new InvalidArgumentError(`At most ${MAX_HOURS} hours are possible.`);
  return hours;
}
