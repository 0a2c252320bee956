/** Every damage of a manifest: nothing is lost, what was damaged is kept, and it goes on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SleapRtcError, UsageError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { parseManifest } from "../../../lib/registry/manifest.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { DamagedRegistry, IDS } from "../../support/damaged_registry.ts";

const IS_LONG = Boolean(Deno.env.get("SLEAP_RTC_LONG"));
const encoder = new TextEncoder();

/** Whoever reads the damaged file next finds every model, and whoever writes it afterwards can. */
async function assertRecovers(
  bed: DamagedRegistry,
  damaged: Uint8Array,
  what: string,
): Promise<void> {
  await bed.restore();
  await Deno.writeFile(bed.path("manifest.json"), damaged);
  const registry = await bed.reopen();
  const ids = (await registry.list()).map(({ id }) => id);
  assert.deepEqual(IDS.filter((id) => !ids.includes(id)), [], `${what}: models are lost`);
  const kept = await bed.names("manifest.corrupted.");
  assert.equal(kept.length, isSound(damaged) ? 0 : 1, `${what}: ${kept}`);
  for (const name of kept) assert.deepEqual(await Deno.readFile(bed.path(name)), damaged, what);
  await registry.update("cccccccc", (entry) => ({ ...entry, notes: what }));
  const { aliases, models } = JSON.parse(await Deno.readTextFile(bed.path("manifest.json")));
  assert.equal(models.cccccccc.notes, what);
  assert.equal(aliases[models.cccccccc.alias], "cccccccc", what);
}

function isSound(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return parseManifest(text).faults.length === 0;
  } catch {
    return false;
  }
}

Deno.test("1.3.6, 4.3.1 a real manifest cut off at every byte: every model comes back", async () => {
  await using bed = await DamagedRegistry.create();
  using _log = new CapturedLog();
  const step = IS_LONG ? 1 : 37;
  for (let length = 0; length < bed.manifest.length; length += step) {
    await assertRecovers(bed, bed.manifest.subarray(0, length), `cut off at ${length}`);
  }
});

Deno.test("1.3.6 of a manifest cut off at every byte, every entry before the cut is read", async () => {
  await using bed = await DamagedRegistry.create();
  const text = new TextDecoder().decode(bed.manifest);
  const ends = IDS.map((id) => {
    const start = text.indexOf(`\n    "${id}": {`);
    return { id, end: text.indexOf("\n    }", start) + 6 };
  });
  for (let length = 0; length < text.length - 1; length++) {
    const { faults, partial } = parseManifest(text.slice(0, length));
    assert.equal(faults.length, 1, String(length));
    const expected = ends.filter(({ end }) => end <= length).map(({ id }) => id);
    assert.deepEqual(partial.map(({ id }) => id).sort(), expected.sort(), String(length));
  }
});

Deno.test("1.3.6, 4.3.1 a manifest with a flipped bit: every model comes back", async () => {
  await using bed = await DamagedRegistry.create();
  using _log = new CapturedLog();
  const step = IS_LONG ? 7 : 409;
  for (let bit = 0; bit < bed.manifest.length * 8; bit += step) {
    const flipped = bed.manifest.slice();
    flipped.set([(bed.manifest[bit >> 3] ?? 0) ^ (1 << (bit & 7))], bit >> 3);
    const { manifest, faults } = parseManifest(new TextDecoder().decode(flipped));
    // A flip in both places of an ID or in an alias leaves a sound manifest that says another thing.
    const isRenamed = faults.length === 0 && manifest.models["cccccccc"]?.alias !== "fly";
    if (!isRenamed) await assertRecovers(bed, flipped, `bit ${bit}`);
  }
});

const ODD_VALUES: unknown[] = [null, true, -1, "text", "", [], {}, [[7]], { id: 7 }];

/** Every place of a JSON value: the keys and indices that lead there. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    [key],
    ...placesIn(child).map((below) => [key, ...below]),
  ]);
}

function withValue(json: unknown, [key = "", ...below]: string[], value: unknown): unknown {
  const changed = below.length === 0
    ? value
    : withValue((json as Record<string, unknown>)[key], below, value);
  if (Array.isArray(json)) return json.map((one, n) => String(n) === key ? changed : one);
  return { ...(json as Record<string, unknown>), [key]: changed };
}

Deno.test("1.3.6, 4.3.1 a wrong type at every level of a manifest: every model comes back", async () => {
  await using bed = await DamagedRegistry.create();
  using _log = new CapturedLog();
  const manifest: unknown = JSON.parse(new TextDecoder().decode(bed.manifest));
  const cases = placesIn(manifest).flatMap((place) => ODD_VALUES.map((value) => ({ place, value })))
    // What still fits is another entry, and no damage.
    .filter(({ place }) => !["alias", "aliases"].includes(place.at(-1) ?? ""))
    .filter(({ place }) => place[0] !== "aliases" || place.length === 1);
  for (const [n, { place, value }] of cases.entries()) {
    if (!IS_LONG && n % 29 !== 0) continue;
    const damaged = encoder.encode(JSON.stringify(withValue(manifest, place, value)));
    await assertRecovers(bed, damaged, `${place.join(".")}: ${JSON.stringify(value)}`);
  }
});

function replaced(bed: DamagedRegistry, from: string, to: string): Uint8Array {
  const text = new TextDecoder().decode(bed.manifest);
  assert.ok(text.includes(from), from);
  return encoder.encode(text.replace(from, to));
}

const DEEP = 200_000;
const DAMAGES: Record<string, (bed: DamagedRegistry) => Uint8Array> = {
  "two sections of models, the last one empty": (bed) =>
    replaced(bed, '  "interrupted": [', '  "models": {},\n  "interrupted": ['),
  "an entry twice, the older one last": (bed) =>
    replaced(bed, '    "bbbbbbbb": {', '    "aaaaaaaa": {"id": "aaaaaaaa"},\n    "bbbbbbbb": {'),
  "a field twice": (bed) => replaced(bed, '"status": "', '"status": "failed",\n      "status": "'),
  "arrays in arrays without end": () => encoder.encode("[".repeat(DEEP)),
  "objects in objects without end": () => encoder.encode('{"a":'.repeat(DEEP)),
  "an entry too deep": (bed) =>
    replaced(bed, '"notes": "last"', `"notes": ${"[".repeat(DEEP)}${"]".repeat(DEEP)}`),
  "too deep a root key": (bed) =>
    replaced(bed, '{\n  "version"', `{"x": ${"[".repeat(99)}${"]".repeat(99)},\n  "version"`),
  "a byte that is no UTF-8 in one entry": (bed) => {
    const bytes = bed.manifest.slice();
    bytes[new TextDecoder().decode(bytes).indexOf("night")] = 0xff;
    return bytes;
  },
  "UTF-16": (bed) => new Uint8Array(new Uint16Array(bed.manifest).buffer),
  "an array with all of it": (bed) => new Uint8Array([0x5b, ...bed.manifest, 0x5d]),
  "a megabyte of zeros": () => new Uint8Array(1_000_000),
  "zeros in its middle, as an unfinished write leaves them": (bed) =>
    bed.manifest.slice().fill(0, 512, 1_024),
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`1.3.6, 4.3.1 ${what}: kept, and every model comes back`, async () => {
    await using bed = await DamagedRegistry.create();
    using log = new CapturedLog();
    await assertRecovers(bed, damage(bed), what);
    assert.match(log.lines.join("\n"), /^error: damaged manifest ".*recovered 5 entries/m);
    const registry = await bed.reopen();
    assert.equal((await registry.get("aaaaaaaa"))?.status, "completed");
    assert.equal((await registry.resolve("mouse-v1")).id, "aaaaaaaa");
  });
}

Deno.test("1.3.6 a damaged file of the older Python program, which has no other copy: what is whole comes back", async () => {
  await using bed = await DamagedRegistry.create();
  const text = new TextDecoder().decode(bed.manifest);
  for (const damaged of [text.slice(0, -20), text.replace('"bbbbbbbb": {', '"bbbbbbbb" {')]) {
    using log = new CapturedLog();
    await bed.restore();
    await Deno.remove(bed.path("manifest.backup.json"));
    for (const id of IDS) await removeCopies(bed.folder, id);
    await Deno.writeTextFile(bed.path("manifest.json"), damaged);
    const ids = (await (await bed.reopen()).list()).map(({ id }) => id).sort();
    const expected = damaged.includes('"bbbbbbbb" {') ? IDS.filter((id) => id !== "bbbbbbbb") : IDS;
    assert.deepEqual(ids, expected);
    assert.match(log.lines.join("\n"), /^error: damaged manifest/m);
  }
});

async function removeCopies(folder: string, id: string): Promise<void> {
  for (const type of ["centroid", "bottomup", "centered_instance"]) {
    await Deno.remove(`${folder}/models/${type}_${id}/model.json`).catch(() => {});
  }
}

Deno.test("1.3.6 what fits of a damaged root stays: counters and keys of other programs", async () => {
  await using bed = await DamagedRegistry.create();
  using _log = new CapturedLog();
  const manifest = JSON.parse(new TextDecoder().decode(bed.manifest));
  const damaged = { ...manifest, interrupted: 7, other: { constructor: [1] } };
  await Deno.writeTextFile(bed.path("manifest.json"), JSON.stringify(damaged));
  await bed.reopen().then((registry) => registry.list());
  const after = JSON.parse(await Deno.readTextFile(bed.path("manifest.json")));
  assert.deepEqual(after.stats, { ...manifest.stats, manifest_recovered: 1 });
  assert.deepEqual(after.other, damaged.other);
  assert.deepEqual(after.interrupted, ["bbbbbbbb"]);
});

Deno.test("1.3.6 several readers of one damaged manifest repair it once", async () => {
  await using bed = await DamagedRegistry.create();
  using log = new CapturedLog();
  await Deno.writeTextFile(bed.path("manifest.json"), "damaged");
  const lists = await Promise.all(Array.from({ length: 8 }, async () => {
    return await (await ModelRegistry.open(bed.folder)).list();
  }));
  for (const list of lists) assert.deepEqual(list.map(({ id }) => id).sort(), IDS);
  assert.equal((await bed.names("manifest.corrupted.")).length, 1);
  assert.equal(log.lines.filter((line) => line.startsWith("error: ")).length, 1);
});

const MEMORY = fileURLToPath(new URL("../../support/registry_memory.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

Deno.test({
  name: "1.3.6, 4.3.1 a manifest or model.json of 100 MB: said, kept, in bounded memory",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using bed = await DamagedRegistry.create();
    const copy = join(bed.folder, "models/centroid_aaaaaaaa/model.json");
    for (const path of [bed.path("manifest.json"), copy]) await Deno.truncate(path, 100_000_000);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", CONFIG, MEMORY, bed.folder],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { models, grown } = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(models, IDS.length);
    assert.ok(grown < 50_000_000, `${grown} bytes`);
    const [kept = "", ...others] = await bed.names("manifest.corrupted.");
    assert.deepEqual(others, []);
    assert.equal((await Deno.stat(bed.path(kept))).size, 100_000_000);
  },
});

Deno.test("1.3.6 a manifest of 100 MB is told by its size", async () => {
  await using bed = await DamagedRegistry.create();
  using log = new CapturedLog();
  await Deno.truncate(bed.path("manifest.json"), 100_000_000);
  assert.equal((await (await bed.reopen()).list()).length, IDS.length);
  assert.match(log.lines.join("\n"), /it has 100,000,000 bytes, and may have 67,108,864/);
});

Deno.test("1.3.7 a change that would make the manifest too large is refused, and nothing changes", async () => {
  await using bed = await DamagedRegistry.create();
  const notes = "x".repeat(1_000_000);
  const ids = Array.from({ length: 67 }, (_, n) => String(10_000_000 + n));
  const models = Object.fromEntries(ids.map((id) => [id, { id, notes }]));
  const text = JSON.stringify({ version: "1.0", models });
  await Deno.writeTextFile(bed.path("manifest.json"), text);
  const registry = await bed.reopen();
  const more = { id: "ffffffff", model_type: "centroid", notes: "x".repeat(200_000) };
  await assert.rejects(
    registry.register(more),
    (error) => error instanceof SleapRtcError && /more than 64 MiB$/.test(error.message),
  );
  assert.equal(await Deno.readTextFile(bed.path("manifest.json")), text);
  assert.equal((await registry.list()).length, ids.length);
});

Deno.test("1.3.7 an entry too large or too deep is refused: the next reader would call it damage", async () => {
  await using bed = await DamagedRegistry.create();
  const registry = await bed.reopen();
  const deep = JSON.parse("[".repeat(62) + "]".repeat(62));
  for (
    const [fields, reason] of [
      [{ deep }, /deeper than 64 levels$/],
      [{ notes: "x".repeat(1_000_000) }, /has 1\d{6} characters, and may have 1000000$/],
    ] as const
  ) {
    await assert.rejects(
      registry.update("aaaaaaaa", (entry) => ({ ...entry, ...fields })),
      (error) => error instanceof UsageError && reason.test(error.message),
    );
  }
  await registry.update("aaaaaaaa", (entry) => ({ ...entry, deep: deep[0] }));
  assert.deepEqual((await (await bed.reopen()).get("aaaaaaaa"))?.["deep"], deep[0]);
  assert.deepEqual(await bed.names("manifest.corrupted."), []);
});
