/** Two real processes, one of which dies without a word. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Inbox } from "../../support/inbox.ts";
import { TextLineStream } from "../../support/text_lines.ts";

const SCRIPT = fileURLToPath(new URL("../../support/rtc_process.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

function spawnPeer(peerId: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, SCRIPT, peerId],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return { child, events: new Inbox<string>(), stdin: child.stdin.getWriter() };
}

type Peer = ReturnType<typeof spawnPeer>;

/** Pass on what a peer says until it ends. */
async function relay(from: Peer, to: Peer): Promise<void> {
  for await (const line of from.child.stdout.pipeThrough(new TextLineStream())) {
    const { event } = JSON.parse(line);
    if (event !== undefined) from.events.push(event);
    else await to.stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }
}

for (const victim of ["client", "worker"] as const) {
  Deno.test(`kill -9 of the ${victim}: the other process notices`, async () => {
    const peers = { worker: spawnPeer("worker"), client: spawnPeer("client") };
    const survivor = victim === "client" ? "worker" : "client";
    const relays = [relay(peers.worker, peers.client), relay(peers.client, peers.worker)];
    try {
      assert.equal(await peers.client.events.next(), "hello from worker");
      assert.equal(await peers.worker.events.next(), "hello from client");
      peers[victim].child.kill("SIGKILL");
      assert.equal(await peers[survivor].events.next(), "lost");
      assert.equal((await peers[survivor].child.status).code, 0);
    } finally {
      for (const { child } of Object.values(peers)) {
        try {
          child.kill("SIGKILL");
        } catch {
          // it has ended
        }
        await child.status;
      }
      await Promise.all(relays);
      for (const { stdin } of Object.values(peers)) await stdin.close().catch(() => {});
    }
  });
}
