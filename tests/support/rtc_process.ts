/**
 * A peer in a process of its own: `deno run -A rtc_process.ts client|worker`. Its signaling is lines
 * of JSON on stdin and stdout; what happens to it is a line `{"event": …}`.
 *
 * @module
 */
import { TextLineStream } from "./text_lines.ts";
import { acceptPeers } from "../../lib/rtc/accept.ts";
import { AsyncQueue } from "../../lib/rtc/async_queue.ts";
import { connectTo } from "../../lib/rtc/connect.ts";
import type { PeerConnection } from "../../lib/rtc/peer_connection.ts";
import type { IncomingSignal, Signaling } from "../../lib/rtc/signaling.ts";

const [peerId = ""] = Deno.args;
const OPTIONS = {
  room: "lab",
  secret: "correct horse battery staple",
  timings: { heartbeat: 100, silence: 1_000 },
};

function print(line: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

function stdioSignaling(): Signaling {
  const queue = new AsyncQueue<IncomingSignal>();
  void (async () => {
    for await (const line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
      queue.push(JSON.parse(line));
    }
  })();
  return { peerId, send: (message) => print({ ...message, from: peerId }), messages: () => queue };
}

async function connect(): Promise<PeerConnection> {
  const signaling = stdioSignaling();
  if (peerId === "client") return await connectTo(signaling, "worker", OPTIONS);
  for await (const connection of acceptPeers(signaling, OPTIONS)) return connection;
  throw new Error("Nobody came");
}

const connection = await connect();
await connection.control.send(`hello from ${peerId}`);
const { value } = await connection.control.next();
print({ event: value });
print({ event: (await connection.closed).how });
Deno.exit(0);
