import assert from "node:assert/strict";
import { ModelRegistry } from "../../lib/registry.ts";
import { runCli } from "../support/cli.ts";

Deno.test("6.2.3 registry stats: how many models, what was done, how often a resume succeeded", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-test-" });
  const stats = (...args: string[]) => runCli(["registry", "stats", ...args], { cwd: folder });
  try {
    const registry = await ModelRegistry.open(folder);
    const empty = await stats();
    assert.match(
      empty.stdout,
      /\n {2}nothing yet\n\nRecovery success rate: nothing was resumed yet\n$/,
    );
    for (const [id, isCompleted] of [["aaaa0001", true], ["aaaa0002", false]] as const) {
      await registry.register({ id, model_type: "centroid" });
      await registry.markInterrupted(id, "last.ckpt", 1);
      await registry.resume(id, { jobId: `job_${id}`, modelIndex: 0, restart: false });
      const attempts = [1, 2].map((attempt) => ({ attempt, job_id: `job_${attempt}` }));
      await registry.update(id, (entry) => ({ ...entry, attempts }));
      if (isCompleted) await registry.markCompleted(id, {});
      else await registry.markInterrupted(id, "last.ckpt", 2);
    }
    const { code, stdout } = await stats("--json");
    assert.equal(code, 0);
    const { models, counters, recovery } = JSON.parse(stdout);
    assert.deepEqual(models, {
      total: 2,
      training: 0,
      completed: 1,
      interrupted: 1,
      failed: 0,
      abandoned: 0,
    });
    assert.equal(counters.interrupted, 3);
    assert.deepEqual(recovery, { resumed: 2, recovered: 1, success_rate: 0.5 });
    const text = (await stats()).stdout;
    assert.match(text, /\n {2}2 {2}trainings resumed\n/);
    assert.match(text, /Recovery success rate: 50 % \(1 of 2 resumed trainings completed\)\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
