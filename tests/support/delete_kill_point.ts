/**
 * A deletion that is killed at one of its steps on the disk:
 * `deno run -A delete_kill_point.ts ROOT MODEL STEP`. Ends with exit code 0 where it has fewer steps.
 *
 * @module
 */
import { ModelRegistry } from "../../lib/registry.ts";
import { deleteModel } from "../../worker/care/delete_model.ts";

const [root = "", model = "", step = "0"] = Deno.args;
let left = Number(step);

/** Before each call that changes names or makes them durable. */
function strikeBefore(method: "rename" | "remove" | "link" | "open"): void {
  const real = Deno[method] as (...args: unknown[]) => Promise<unknown>;
  Object.defineProperty(Deno, method, {
    value: (...args: unknown[]) => {
      if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
      return real(...args);
    },
  });
}

if (import.meta.main) {
  const registry = await ModelRegistry.open(root);
  for (const method of ["rename", "remove", "link", "open"] as const) strikeBefore(method);
  await deleteModel(registry, model);
}
