import assert from "node:assert/strict";
import fc from "fast-check";
import {
  emptyManifest,
  isKnownVersion,
  type Manifest,
  parseManifest,
  serialiseManifest,
} from "../../../lib/registry/manifest.ts";

const MANIFEST: Manifest = {
  ...emptyManifest(),
  models: {
    aaaaaaaa: { id: "aaaaaaaa", model_type: "centroid", status: "training", revision: 1 },
    bbbbbbbb: { id: "bbbbbbbb", model_type: "bottomup", status: "interrupted", last_epoch: 3 },
  },
  interrupted: ["bbbbbbbb"],
};

function textOf(manifest: Manifest): string {
  return new TextDecoder().decode(serialiseManifest(manifest));
}

Deno.test("1.3.7, MR10 the manifest's text is JSON with 2 spaces and a newline at the end", () => {
  const manifest = { ...MANIFEST, stats: { registered: 2 }, "odd key": [null, { a: "\n" }, []] };
  assert.equal(textOf(manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  assert.equal(textOf(emptyManifest()), `${JSON.stringify(emptyManifest(), null, 2)}\n`);
});

Deno.test("1.3.1 what is read is written again, unknown keys at every level included", () => {
  // JSON numbers have no negative zero.
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)));
  const unknown = fc.dictionary(fc.string({ maxLength: 8 }).map((key) => `x ${key}`), json, {
    maxKeys: 4,
  });
  const entry = fc.tuple(unknown, unknown, unknown, unknown).map((
    [keys, metrics, metadata, attempt],
  ) => ({ ...keys, metrics, metadata, attempts: [{ ...attempt, job_id: "job", attempt: 1 }] }));
  const id = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    .map((number) => number.toString(16).padStart(8, "0"));
  fc.assert(fc.property(unknown, fc.dictionary(id, entry, { maxKeys: 4 }), (root, entries) => {
    const models = Object.fromEntries(
      Object.entries(entries).map(([id, entry]) => [id, { ...entry, id }]),
    );
    const manifest = { ...emptyManifest(), models, ...root };
    const parsed = parseManifest(JSON.stringify(manifest));
    assert.deepEqual(parsed.faults, []);
    assert.deepEqual(JSON.parse(textOf(parsed.manifest)), JSON.parse(JSON.stringify(manifest)));
  }));
});

Deno.test("1.3.6 a flipped bit anywhere is noticed, or leaves every model and its ID", () => {
  const whole = serialiseManifest(MANIFEST);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = whole.slice();
    flipped.set([(whole[bit >> 3] ?? 0) ^ (1 << (bit & 7))], bit >> 3);
    let text: string;
    try {
      text = decoder.decode(flipped);
    } catch {
      continue;
    }
    const { manifest, faults } = parseManifest(text);
    if (faults.length > 0) continue;
    assert.deepEqual(Object.keys(manifest.models), Object.keys(MANIFEST.models), text);
  }
});

Deno.test("1.3.6 a root without models is damaged: no program writes one", () => {
  for (
    const text of ["{}", '{"version":"1.0"}', '{"version":"1.0","modems":{},"interrupted":[]}']
  ) {
    assert.equal(parseManifest(text).faults.length, 1, text);
  }
});

Deno.test("1.3.1 missing version and interrupted are filled in, as Python does", () => {
  const { manifest, faults } = parseManifest('{"models":{}}');
  assert.deepEqual(manifest, emptyManifest());
  assert.deepEqual(faults, []);
});

Deno.test("isKnownVersion() takes versions up to ours", () => {
  for (const version of ["1.0", "1", "0.9", "1.0.3"]) assert.ok(isKnownVersion(version), version);
  for (const version of ["1.1", "2", "2.0", "10.0"]) {
    assert.equal(isKnownVersion(version), false, version);
  }
});

Deno.test("1.3.6 a version that is none is damage, not a newer program", () => {
  for (const version of ["q.0", "1.p", "", "one", "NaN"]) {
    const { manifest, faults } = parseManifest(JSON.stringify({ ...MANIFEST, version }));
    assert.equal(faults.length, 1, version);
    assert.equal(manifest.version, "1.0");
    assert.deepEqual(manifest.models, MANIFEST.models);
  }
});

Deno.test("a newer version is no damage, however odd it looks, and every entry is listed", () => {
  const models = {
    a: 7,
    bbbbbbbb: { id: "bbbbbbbb", tags: "new kind" },
    cccccccc: { id: "cccccccc" },
  };
  const text = JSON.stringify({ version: "2.0", models, interrupted: 0 });
  const { manifest, faults } = parseManifest(text);
  assert.deepEqual(faults, []);
  assert.equal(manifest.version, "2.0");
  assert.deepEqual(Object.keys(manifest.models).sort(), ["bbbbbbbb", "cccccccc"]);
});
