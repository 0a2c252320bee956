import assert from "node:assert/strict";
import { wasBroken, withHistory } from "../../../lib/registry/history.ts";
import type { ModelEntry } from "../../../lib/registry.ts";

const NOW = "2026-11-24T12:00:00.000Z";

Deno.test("withHistory() tells each change of the status, and no other", () => {
  const before: ModelEntry = { id: "a3f5e8c9", status: "training", job_id: "job_00000001" };
  const lost = { ...before, status: "interrupted", running: true, reason: "connection lost" };
  assert.equal(withHistory(before, before, NOW), before);
  const noted = withHistory(before, lost, NOW);
  assert.deepEqual(noted.history, [{
    time: NOW,
    status: "interrupted",
    running: true,
    reason: "connection lost",
    job_id: "job_00000001",
  }]);
  assert.equal(withHistory(lost, { ...lost, running: false }, NOW).history?.length, 1);
});

Deno.test("withHistory() keeps the beginning and the end of a long one", () => {
  let entry: ModelEntry = { id: "a3f5e8c9", status: "training" };
  for (let change = 0; change < 300; change++) {
    const status = entry.status === "training" ? "interrupted" : "training";
    entry = withHistory(entry, { ...entry, status, reason: `change ${change}` }, NOW);
  }
  assert.equal(entry.history?.length, 100);
  assert.equal(entry.history[0]?.reason, "change 0");
  assert.equal(entry.history.at(-1)?.reason, "change 299");
});

Deno.test("wasBroken() tells whether the present job took a broken model up", () => {
  const change = (job_id: string, status: string) => ({ time: NOW, status, job_id });
  const broken = change("job_00000001", "interrupted");
  const entry: ModelEntry = { id: "a3f5e8c9", job_id: "job_00000002" };
  const was = (...history: NonNullable<ModelEntry["history"]>) => wasBroken({ ...entry, history });
  const taken = [change("job_00000002", "training"), change("job_00000002", "interrupted")];
  assert.ok(was(broken, ...taken));
  assert.ok(was(change("job_00000001", "failed"), ...taken));
  assert.ok(!was(broken, change("job_00000001", "completed"), ...taken));
  assert.ok(!was({ ...change("job_00000002", "interrupted"), running: true }, ...taken));
  assert.ok(!was());
});
