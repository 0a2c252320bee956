import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError } from "../../../lib/errors.ts";
import { assertFree, putInPlace } from "../../../lib/files/put_in_place.ts";

/** A folder with a whole temp file for each text, and none at the place they are for. */
async function bedOf(...texts: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-place-" });
  const temps = texts.map((_, n) => join(folder, `temp-${n}`));
  for (const [n, temp] of temps.entries()) await Deno.writeTextFile(temp, texts[n] ?? "");
  const dispose = () => Deno.remove(folder, { recursive: true });
  return { path: join(folder, "out.slp"), temps, [Symbol.asyncDispose]: dispose };
}

Deno.test("putInPlace() takes no name that something has, unless told", async () => {
  await using bed = await bedOf("new");
  const [temp = ""] = bed.temps;
  await Deno.writeTextFile(bed.path, "old");
  await assert.rejects(assertFree(bed.path), ConflictError);
  await assert.rejects(putInPlace(temp, bed.path), ConflictError);
  assert.equal(await Deno.readTextFile(bed.path), "old");
  await putInPlace(temp, bed.path, { overwrite: true });
  assert.equal(await Deno.readTextFile(bed.path), "new");
});

Deno.test("putInPlace() takes a link that leads nowhere for something", async () => {
  await using bed = await bedOf("new");
  await Deno.symlink("nowhere", bed.path);
  await assert.rejects(assertFree(bed.path), ConflictError);
  await assert.rejects(putInPlace(bed.temps[0] ?? "", bed.path), ConflictError);
});

Deno.test("putInPlace() of many at once: one has the name, the others are refused", async () => {
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`);
  await using bed = await bedOf(...texts);
  await assertFree(bed.path);
  const put = await Promise.allSettled(bed.temps.map((temp) => putInPlace(temp, bed.path)));
  const placed = put.flatMap(({ status }, n) => status === "fulfilled" ? [texts[n]] : []);
  assert.deepEqual([await Deno.readTextFile(bed.path)], placed);
  for (const one of put) {
    if (one.status === "rejected") assert.ok(one.reason instanceof ConflictError);
  }
});

Deno.test("putInPlace() over a folder says so", async () => {
  await using bed = await bedOf("new");
  await Deno.mkdir(bed.path);
  const put = putInPlace(bed.temps[0] ?? "", bed.path, { overwrite: true });
  await assert.rejects(put, /^SleapRtcError: Cannot write ".*out\.slp": it is a folder/);
});

Deno.test("putInPlace() does without hard links", async () => {
  await using bed = await bedOf("new", "newer");
  const [temp = "", other = ""] = bed.temps;
  const link = Deno.link;
  Deno.link = () => Promise.reject(new Deno.errors.NotSupported("no links here"));
  try {
    await putInPlace(temp, bed.path);
    await assert.rejects(putInPlace(other, bed.path), ConflictError);
    assert.equal(await Deno.readTextFile(bed.path), "new");
  } finally {
    Deno.link = link;
  }
});
