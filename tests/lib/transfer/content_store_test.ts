import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConflictError, SleapRtcError, UsageError } from "../../../lib/errors.ts";
import type { UploadBegin } from "../../../lib/protocol/upload.ts";
import { ContentStore } from "../../../lib/transfer/content_store.ts";
import { someBytes, TransferBed } from "../../support/transfer.ts";

const CONTENT = someBytes(10_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const FILE: UploadBegin = { sha256: SHA256, name: "a.slp", bytes: CONTENT.length };

async function store(bed: TransferBed, file: UploadBegin, content = CONTENT): Promise<string> {
  const incoming = await bed.store.begin(file);
  await incoming.write(content);
  return await incoming.commit();
}

async function makeUploads(bed: TransferBed): Promise<string> {
  const uploads = join(bed.root, "uploads");
  await Deno.mkdir(uploads, { recursive: true });
  return uploads;
}

Deno.test("ContentStore finds what was committed, and nothing before", async () => {
  await using bed = await TransferBed.create();
  assert.equal(await bed.store.find(SHA256, "a.slp"), null);
  const incoming = await bed.store.begin(FILE);
  await incoming.write(CONTENT);
  assert.equal(await bed.store.find(SHA256, "a.slp"), null);
  const path = await incoming.commit();
  assert.equal(await bed.store.find(SHA256, "a.slp"), path);
  assert.equal(await bed.store.find(SHA256, "b.slp"), null);
  assert.equal(await bed.store.find(SHA256, "a.slp", { bytes: 9 }), null);
  assert.equal(await new ContentStore(bed.root).find(SHA256, "a.slp"), path);
});

Deno.test("ContentStore keeps several names of one content", async () => {
  await using bed = await TransferBed.create();
  await store(bed, FILE);
  await store(bed, { ...FILE, name: "b.slp" });
  assert.deepEqual(await bed.stored(), [`${SHA256}/`, `${SHA256}/a.slp`, `${SHA256}/b.slp`]);
});

Deno.test("ContentStore keeps files for the worker's user alone", async () => {
  await using bed = await TransferBed.create();
  const path = await store(bed, FILE);
  const modes = [path, join(path, ".."), join(path, "../..")].map((at) => Deno.statSync(at).mode);
  assert.deepEqual(modes.map((mode) => (mode ?? 0) & 0o777), [0o600, 0o700, 0o700]);
});

Deno.test("ContentStore refuses another content than announced, and leaves nothing", async () => {
  await using bed = await TransferBed.create();
  const other = CONTENT.with(5_000, 255);
  await assert.rejects(store(bed, FILE, other), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /^Refused "a\.slp": its SHA-256 is [0-9a-f]{64}, but /);
    return true;
  });
  await assert.rejects(store(bed, FILE, CONTENT.subarray(1)), /only 9999 of 10000 bytes came$/);
  const longer = someBytes(10_001);
  const incoming = await bed.store.begin(FILE);
  await assert.rejects(incoming.write(longer), ConflictError);
  assert.equal(incoming.bytes, 0);
  await incoming.discard();
  await incoming.discard();
  assert.deepEqual(await bed.stored(), []);
});

const REFUSED_NAMES = [
  "",
  ".",
  "..",
  "../a.slp",
  "/etc/passwd",
  "a/b.slp",
  "a.slp/",
  "a\\b.slp",
  "C:a.slp",
  "a\0.slp",
  "a\n.slp",
  "nul",
  "COM1.slp",
  "\ud800.slp",
  "a".repeat(256),
  "ä".repeat(128),
];
for (const name of REFUSED_NAMES) {
  Deno.test(`ContentStore refuses the name ${JSON.stringify(name.slice(0, 20))}`, async () => {
    await using bed = await TransferBed.create();
    await assert.rejects(bed.store.begin({ ...FILE, name }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot upload a file with a/);
      return true;
    });
    await assert.rejects(bed.store.find(SHA256, name), UsageError);
    assert.deepEqual(await bed.stored(), []);
  });
}

Deno.test("ContentStore takes a name of 255 bytes", async () => {
  await using bed = await TransferBed.create();
  const name = `${"ä".repeat(125)}.bslp`;
  const path = await store(bed, { ...FILE, name });
  assert.equal(await bed.store.find(SHA256, name), path);
});

Deno.test("ContentStore follows no link out of its folder", async () => {
  await using bed = await TransferBed.create();
  const uploads = await makeUploads(bed);
  const outside = bed.path("outside");
  await Deno.mkdir(outside);
  await Deno.writeFile(join(outside, "a.slp"), CONTENT);
  await Deno.symlink(outside, join(uploads, SHA256));
  assert.equal(await bed.store.find(SHA256, "a.slp"), null);
  await assert.rejects(bed.store.begin(FILE), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /^Cannot store "a\.slp": ".*" is not a folder$/);
    return true;
  });
  assert.deepEqual(await bed.stored(), [SHA256]);
});

Deno.test("ContentStore replaces a link that has the file's name, not what it points to", async () => {
  await using bed = await TransferBed.create();
  const uploads = await makeUploads(bed);
  const outside = await bed.write("outside", new Uint8Array(CONTENT.length));
  await Deno.mkdir(join(uploads, SHA256));
  await Deno.symlink(outside, join(uploads, SHA256, "a.slp"));
  assert.equal(await bed.store.find(SHA256, "a.slp"), null);
  const path = await store(bed, FILE);
  assert.deepEqual(await Deno.readFile(path), CONTENT);
  assert.deepEqual(await Deno.readFile(outside), new Uint8Array(CONTENT.length));
});

Deno.test("ContentStore refuses a link that took the folder's place meanwhile", async () => {
  await using bed = await TransferBed.create();
  const incoming = await bed.store.begin(FILE);
  await incoming.write(CONTENT);
  const outside = bed.path("outside");
  await Deno.mkdir(outside);
  await Deno.symlink(outside, join(bed.root, "uploads", SHA256));
  await assert.rejects(incoming.commit(), ConflictError);
  assert.deepEqual(await bed.stored(), [SHA256]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(outside)), []);
});

Deno.test("ContentStore says what is in the way of a file", async () => {
  await using bed = await TransferBed.create();
  const folder = join(await makeUploads(bed), SHA256, "a.slp");
  await Deno.mkdir(folder, { recursive: true });
  await assert.rejects(bed.store.begin(FILE), new RegExp(`"${folder}" is a folder$`));
});

Deno.test("ContentStore that cannot name a file says so; no empty folder stays", async () => {
  await using bed = await TransferBed.create();
  const incoming = await bed.store.begin(FILE);
  await incoming.write(CONTENT);
  const [temp = ""] = await bed.stored();
  await Deno.remove(join(bed.root, "uploads", temp));
  await assert.rejects(incoming.commit(), (error) => {
    assert.ok(error instanceof SleapRtcError);
    assert.match(error.message, /^Cannot write ".*a\.slp": /);
    return true;
  });
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("ContentStore removes what a killed writer left, after an hour", async () => {
  await using bed = await TransferBed.create();
  const script = fileURLToPath(new URL("../../support/write_incoming.ts", import.meta.url));
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, bed.root],
    stdout: "piped",
  }).spawn();
  const reader = writer.stdout.getReader();
  await reader.read();
  writer.kill("SIGKILL");
  await writer.status;
  await reader.cancel();
  const [temp = ""] = await bed.stored();
  assert.match(temp, /^\.incoming-/);
  await (await bed.store.begin(FILE)).discard();
  assert.deepEqual(await bed.stored(), [temp]);
  const longAgo = new Date(Date.now() - 3_601_000);
  await Deno.utime(join(bed.root, "uploads", temp), longAgo, longAgo);
  await (await bed.store.begin(FILE)).discard();
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("ContentStore removes nothing old that is not its own", async () => {
  await using bed = await TransferBed.create();
  const notes = join(await makeUploads(bed), "notes.txt");
  await Deno.writeTextFile(notes, "mine");
  await Deno.utime(notes, 0, 0);
  await (await bed.store.begin(FILE)).discard();
  assert.deepEqual(await bed.stored(), ["notes.txt"]);
});
