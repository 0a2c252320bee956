/**
 * `register_many.ts ROOT PREFIX COUNT`: registers models and prints each ID once it is acknowledged.
 * All processes wish for the same few IDs, so that they collide.
 *
 * @module
 */
import { ModelRegistry } from "../../lib/registry.ts";

const [root = "", prefix = "", count = "0"] = Deno.args;
const registry = await ModelRegistry.open(root);
for (let n = 0; n < Number(count); n++) {
  const id = await registry.register({
    id: (n % 50 + 0x10000000).toString(16),
    model_type: "centroid",
    run_name: `${prefix} ${n}`,
  });
  await Deno.stdout.write(new TextEncoder().encode(`${id}\n`));
}
