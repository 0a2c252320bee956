import { join } from "node:path";
import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
} from "@commander-js/extra-typings";
import { logger, logToStderr } from "../lib/log.ts";
import { homeFolder } from "../lib/registry/root.ts";
import { isLoopback, Service } from "../lib/signaling/serve.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { untilStopped } from "./shared/stop_signals.ts";

const DEFAULT_PORT = 8080;
const MAX_PORT = 65_535;

const log = logger("serve");

/** `serve`: the signaling server of one or more rooms. */
export function command(): CommandUnknownOpts {
  return new Command("serve")
    .summary("run the server at which machines find each other")
    .description(
      "Run the signaling server at which machines find each other. It prints a join link: run\n" +
        "`sleap-rtc join LINK` once on each machine.",
    )
    .option("--host <address>", "where to listen; 0.0.0.0: on all networks", "127.0.0.1")
    .option("--port <n>", "0: a free one", parsePort, DEFAULT_PORT)
    .option("--data <dir>", "folder of rooms and accounts (default: server/ in SLEAP_RTC_HOME)")
    .option("--tls-cert <file>", "certificate (PEM); with it only https and wss")
    .option("--tls-key <file>", "key of the certificate (PEM)")
    .option("--public-url <url>", "what others reach it by, where that is another address")
    .option("--new-room", "make a further room, and print its join link")
    .option("--debug", "log everything, and show where an error came from")
    .action(run);
}

interface Options {
  host: string;
  port: number;
  data?: string | undefined;
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  publicUrl?: string | undefined;
  newRoom?: true | undefined;
  debug?: true | undefined;
}

async function run(options: Options): Promise<void> {
  logToStderr(options.debug ? "debug" : "info", { dated: true });
  const stopped = untilStopped();
  const data = options.data ?? join(homeFolder(), "server");
  await using service = await Service.start({ ...options, data });
  sayHowToJoin(service, options.newRoom ?? false);
  log.info(`listening on ${service.url}, accounts in ${data}`);
  if (!isLoopback(options.host) && options.tlsCert === undefined) {
    log.warn("connections are not encrypted: whoever listens on the network can join as others do");
  }
  log.info(`${await stopped}: ending`);
}

/** The first line on stdout is the link, or how to make one. */
function sayHowToJoin(service: Service, isNewWanted: boolean): void {
  const rooms = service.rooms();
  if (rooms.length === 0 || isNewWanted) {
    const { room, link } = service.newRoom();
    writeStdout(`${link}\n`);
    writeStderr(
      `room ${room.id}: on each machine run once: sleap-rtc join LINK\n` +
        "The link is shown only now. It is a key: give it to nobody else.\n",
    );
    return;
  }
  for (const { id, members } of rooms) {
    writeStdout(
      members > 0
        ? `room ${id}: for a link, run sleap-rtc invite --room ${id} on a machine that joined it\n`
        : `room ${id}: nobody has joined it; for a room with a link, start with --new-room\n`,
    );
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= MAX_PORT) return port;
  throw new InvalidArgumentError(`A port from 0 to ${MAX_PORT} is needed.`);
}
