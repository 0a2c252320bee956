import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("uploadFile() of 300 MB takes less than 64 MiB, both sides together", async () => {
  const script = fileURLToPath(new URL("../../support/upload_memory.ts", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, "300000000"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const growth = Number(new TextDecoder().decode(stdout));
  assert.ok(growth < 64 * 1_048_576, `${growth} bytes`);
});
