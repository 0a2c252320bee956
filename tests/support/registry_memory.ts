/** `registry_memory.ts ROOT`: lists a registry; prints by how many bytes memory grew at most. */
import { ModelRegistry } from "../../lib/registry.ts";

const [root = ""] = Deno.args;
const before = await peakBytes();
const { length } = await (await ModelRegistry.open(root)).list();
await Deno.stdout.write(
  new TextEncoder().encode(JSON.stringify({ models: length, grown: await peakBytes() - before })),
);

/** The most memory that this process ever had. */
async function peakBytes(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}
