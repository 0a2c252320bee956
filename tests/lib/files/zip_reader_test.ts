import assert from "node:assert/strict";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import { extractEntry } from "../../../lib/files/zip_extract.ts";
import { ZipReader } from "../../../lib/files/zip_reader.ts";
import { buildZip, type ZipBuilderEntry } from "../../support/zip_builder.ts";

async function withZip(
  bytes: Uint8Array,
  use: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.zip");
    await Deno.writeFile(path, bytes);
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readFirst(path: string): Promise<Uint8Array> {
  const zip = await ZipReader.open(path);
  const [entry] = zip.entries;
  assert.ok(entry);
  return await zip.read(entry, 1 << 20);
}

/** Bytes that hardly compress. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) & 0xff);
}

Deno.test("ZipReader reads what fflate packs", async () => {
  const data = noise(300_000);
  const bytes = zipSync({
    "a/b.txt": strToU8("hello"),
    "c.bin": [data, { level: 0 }],
    "d.bin": data,
  });
  await withZip(bytes, async (path) => {
    const zip = await ZipReader.open(path);
    const read = zip.entries.map((entry) => zip.read(entry, 1 << 20));
    assert.deepEqual(zip.entries.map(({ name }) => name), ["a/b.txt", "c.bin", "d.bin"]);
    assert.deepEqual(await Promise.all(read), [strToU8("hello"), data, data]);
  });
});

for (
  const [what, entry, options] of [
    ["stored entries", { method: 0 }, {}],
    ["empty entries", { data: "" }, {}],
    ["a comment at the end", {}, { comment: "made by PK\u0005\u0006 hand" }],
    ["Zip64 sizes", { zip64: true }, {}],
    ["Zip64 end records", {}, { zip64: true }],
    ["names that are not flagged as UTF-8", { name: "übung.txt", flags: 0 }, {}],
  ] as const
) {
  Deno.test(`ZipReader reads ${what}`, () => {
    const full = { name: "a.txt", data: "hello", ...entry };
    return withZip(buildZip([full], options), async (path) => {
      assert.equal(new TextDecoder().decode(await readFirst(path)), full.data);
      assert.equal((await ZipReader.open(path)).entries[0]?.name, full.name);
    });
  });
}

const unsafeNames: readonly [name: string, problem: RegExp][] = [
  ["/etc/passwd", /an absolute name/],
  ["../a", /not a plain path/],
  ["a/../../b", /not a plain path/],
  ["./a", /not a plain path/],
  ["a//b", /not a plain path/],
  ["..\\a", /a backslash/],
  ["C:/a", /a colon/],
  ["a\0b", /a control character/],
  ["a\u001b[2J", /a control character/],
  ["a/NUL", /a device's name/],
  ["com1.txt", /a device's name/],
  ["", /an empty name/],
  ["x".repeat(2000), /a name too long/],
];
for (const [name, problem] of unsafeNames) {
  Deno.test(`ZipReader refuses the name ${JSON.stringify(name).slice(0, 30)}`, () =>
    withZip(buildZip([{ name, data: "x" }]), async (path) => {
      await assert.rejects(ZipReader.open(path), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, problem);
        return true;
      });
    }));
}

const unsafeEntries: readonly [what: string, entries: ZipBuilderEntry[], problem: RegExp][] = [
  ["links", [{ name: "a", data: "/etc/passwd", mode: 0o120777 }], /a link or a device/],
  ["devices", [{ name: "a", data: "", mode: 0o020666 }], /a link or a device/],
  ["names twice", [{ name: "a", data: "1" }, { name: "a", data: "2" }], /"a" is in it twice/],
  ["encryption", [{ name: "a", data: "x", flags: 0x0801 }], /"a" is encrypted/],
];
for (const [what, entries, problem] of unsafeEntries) {
  Deno.test(`ZipReader refuses ${what}`, () =>
    withZip(buildZip(entries), async (path) => {
      await assert.rejects(ZipReader.open(path), problem);
    }));
}

const forged: readonly [what: string, entry: Partial<ZipBuilderEntry>, problem: RegExp][] = [
  ["more bytes than declared", { data: noise(100_000), size: 10 }, /larger than it declares/],
  ["fewer bytes than declared", { data: "x", size: 10 }, /is damaged/],
  ["a wrong checksum", { data: "x", crc: 1 }, /is damaged/],
  ["unknown packing", { data: "x", method: 12 }, /packed by method 12/],
  ["a size beyond the limit", { data: "x", size: 2 << 20 }, /too large: 2097152 bytes/],
];
for (const [what, entry, problem] of forged) {
  Deno.test(`ZipReader.read() refuses ${what}`, () =>
    withZip(buildZip([{ name: "a", data: "", ...entry }]), async (path) => {
      await assert.rejects(readFirst(path), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, problem);
        return true;
      });
    }));
}

Deno.test("ZipReader.stream() refuses what declares itself a bomb", () =>
  withZip(buildZip([{ name: "a", data: "x", size: 1e9 }]), async (path) => {
    const zip = await ZipReader.open(path);
    const [entry] = zip.entries;
    assert.ok(entry);
    assert.throws(() => zip.checkSize(entry), /would unpack to 1000000000 bytes/);
    await assert.rejects(zip.stream(entry).next(), /would unpack/);
  }));

Deno.test("ZipReader refuses every cut of a zip file", () => {
  const whole = buildZip([{ name: "a.txt", data: noise(500) }, { name: "b.txt", data: "b" }]);
  return withZip(whole, async (path) => {
    for (let length = 0; length < whole.length; length += 7) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assert.rejects(ZipReader.open(path), UsageError, `${length} bytes`);
    }
  });
});

Deno.test("ZipReader finds flipped bytes in an entry", () => {
  const whole = buildZip([{ name: "a.txt", data: noise(500) }]);
  return withZip(whole, async (path) => {
    for (let at = 40; at < 500; at += 31) {
      const flipped = whole.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await Deno.writeFile(path, flipped);
      await assert.rejects(readFirst(path), UsageError, `byte ${at}`);
    }
  });
});

Deno.test("ZipReader says what is not there and what is not a zip file", () =>
  withZip(strToU8("no zip"), async (path, folder) => {
    await assert.rejects(ZipReader.open(path), /"[^"]+a\.zip" is not a zip file/);
    await assert.rejects(ZipReader.open(folder), /is a folder, not a zip file/);
    await assert.rejects(ZipReader.open(join(folder, "b.zip")), NotFoundError);
  }));

Deno.test("extractEntry() replaces a file whole and leaves nothing behind on failure", () => {
  const entries = [{ name: "a", data: noise(200_000) }, {
    name: "b",
    data: noise(200_000),
    crc: 1,
  }];
  return withZip(buildZip(entries), async (path, folder) => {
    const zip = await ZipReader.open(path);
    const [good, bad] = zip.entries;
    assert.ok(good && bad);
    const dest = join(folder, "new", "folder");
    assert.equal(await extractEntry(zip, good, "x.slp", dest), join(dest, "x.slp"));
    await assert.rejects(extractEntry(zip, bad, "x.slp", dest), UsageError);
    assert.deepEqual(await Deno.readFile(join(dest, "x.slp")), noise(200_000));
    assert.deepEqual((await Array.fromAsync(Deno.readDir(dest))).map(({ name }) => name), [
      "x.slp",
    ]);
  });
});
