import assert from "node:assert/strict";
import fc from "fast-check";
import type { ModelEntry } from "../../../lib/registry.ts";
import { emptyManifest } from "../../../lib/registry/manifest.ts";
import { mergeManifest } from "../../../lib/registry/rebuild.ts";

const anEntry: fc.Arbitrary<ModelEntry> = fc.record({
  id: fc.constantFrom("aaaaaaaa", "bbbbbbbb", "10000000", "20000000"),
  status: fc.constantFrom("training", "completed", "interrupted"),
  created_at: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "odd"),
  revision: fc.constantFrom(undefined, 1, 2, 3),
}, { requiredKeys: ["id", "status"] });

const sources = fc.array(fc.array(anEntry, { maxLength: 6 }), { minLength: 1, maxLength: 3 });

Deno.test("1.3.6 mergeManifest() takes each model's highest revision, the earlier among equals", () => {
  fc.assert(fc.property(sources, (sources) => {
    const { models } = mergeManifest(emptyManifest(), sources);
    const all = sources.flat();
    assert.deepEqual(new Set(Object.keys(models)), new Set(all.map(({ id }) => id)));
    for (const [id, entry] of Object.entries(models)) {
      const versions = all.filter((one) => one.id === id);
      const highest = Math.max(...versions.map(({ revision }) => revision ?? 0));
      assert.equal(entry, versions.find(({ revision }) => (revision ?? 0) === highest));
    }
  }));
});

Deno.test("1.3.6 mergeManifest() lists exactly the interrupted models", () => {
  fc.assert(fc.property(sources, (sources) => {
    const { models, interrupted } = mergeManifest(emptyManifest(), sources);
    const expected = Object.values(models).filter(({ status }) => status === "interrupted");
    assert.deepEqual(interrupted.toSorted(), expected.map(({ id }) => id).sort());
  }));
});

Deno.test("1.3.6 mergeManifest() keeps counters and keys of other programs", () => {
  const base = { ...emptyManifest(), stats: { registered: 7 }, written_by: "sleap-rtc 0.0.7" };
  const { stats, written_by } = mergeManifest(base, [[]]);
  assert.deepEqual({ stats, written_by }, {
    stats: { registered: 7 },
    written_by: "sleap-rtc 0.0.7",
  });
});
