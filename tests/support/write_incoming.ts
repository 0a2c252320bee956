/** Begins an upload into the store below a folder, says so, and waits to be killed. */
import { ContentStore } from "../../lib/transfer/content_store.ts";

const [root = ""] = Deno.args;
const store = new ContentStore(root);
const incoming = await store.begin({ sha256: "ab".repeat(32), name: "a.slp", bytes: 1_000_000 });
await incoming.write(new Uint8Array(500_000));
await Deno.stdout.write(new TextEncoder().encode("written\n"));
await new Promise((resolve) => setTimeout(resolve, 60_000));
