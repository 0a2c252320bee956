import assert from "node:assert/strict";
import fc from "fast-check";
import type { ModelEntry } from "../../../lib/registry.ts";
import { emptyManifest } from "../../../lib/registry/manifest.ts";
import { mergeManifest } from "../../../lib/registry/rebuild.ts";
import { CapturedLog } from "../../support/captured_log.ts";

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

Deno.test("mergeManifest() leaves an alias to the newest of those that claim it, and tells", () => {
  const older = { id: "aaaaaaaa", alias: "mouse", created_at: "2026-01-01T00:00:00Z" };
  const newer = { id: "bbbbbbbb", alias: "mouse", created_at: "2026-01-02T00:00:00Z" };
  for (const sources of [[[older], [newer]], [[newer], [older]]]) {
    using log = new CapturedLog();
    const { models, aliases } = mergeManifest(emptyManifest(), sources);
    assert.deepEqual(aliases, { mouse: "bbbbbbbb" });
    assert.deepEqual([models["aaaaaaaa"]?.alias, models["bbbbbbbb"]?.alias], [null, "mouse"]);
    assert.match(log.lines.join("\n"), /"mouse" of model aaaaaaaa stays with model bbbbbbbb/);
  }
});

Deno.test("mergeManifest() believes the map of aliases where an entry says the same", () => {
  const older: ModelEntry = { id: "aaaaaaaa", alias: "mouse", created_at: "2026-01-01T00:00:00Z" };
  const newer: ModelEntry = { id: "bbbbbbbb", alias: "mouse", created_at: "2026-01-02T00:00:00Z" };
  const base = { ...emptyManifest(), aliases: { mouse: "aaaaaaaa", gone: "cccccccc" } };
  assert.deepEqual(mergeManifest(base, [[older, newer]]).aliases, { mouse: "aaaaaaaa" });
  const renamed = { ...older, alias: null };
  assert.deepEqual(mergeManifest(base, [[renamed, newer]]).aliases, { mouse: "bbbbbbbb" });
  assert.deepEqual(mergeManifest(base, [[renamed]]).aliases, {}, "it was taken away since");
});

Deno.test("mergeManifest() gives each alias to one model, and each model its own or none", () => {
  const anAliased = fc.record({
    id: fc.constantFrom("aaaaaaaa", "bbbbbbbb", "cccccccc"),
    alias: fc.constantFrom(undefined, null, "mouse", "rat"),
    created_at: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "odd"),
  });
  const aMap = fc.dictionary(
    fc.constantFrom("mouse", "rat"),
    fc.constantFrom("aaaaaaaa", "bbbbbbbb", "dddddddd"),
  );
  fc.assert(fc.property(fc.array(anAliased, { maxLength: 6 }), aMap, (entries, aliases) => {
    const { models, aliases: after } = mergeManifest({ ...emptyManifest(), aliases }, [entries]);
    assert.deepEqual(new Set(Object.keys(models)), new Set(entries.map(({ id }) => id)));
    const fields = Object.values(models).filter(({ alias }) => alias);
    assert.deepEqual(
      new Map(fields.map(({ id, alias }) => [alias, id])),
      new Map(Object.entries(after)),
    );
    assert.equal(fields.length, Object.keys(after).length);
    const claimed = new Set(Object.values(models).map(({ alias }) => alias).filter(Boolean));
    assert.deepEqual(new Set(Object.keys(after)), claimed);
  }));
});
