import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { NotFoundError } from "../../../lib/errors.ts";
import { digestFile, sha256File } from "../../../lib/files/hash.ts";

async function withFile(content: Uint8Array, fn: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "file.bin");
    await Deno.writeFile(path, content);
    await fn(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("sha256File() and digestFile() of an empty and a short file", async () => {
  await withFile(new Uint8Array(), async (path) => {
    assert.equal(
      await sha256File(path),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    assert.equal((await digestFile(path)).md5, "d41d8cd98f00b204e9800998ecf8427e");
  });
  await withFile(new TextEncoder().encode("abc"), async (path) => {
    assert.equal(
      await sha256File(path),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert.equal((await digestFile(path)).md5, "900150983cd24fb0d6963f7d28e17f72");
  });
});

Deno.test("sha256File() reads a file larger than its buffer", async () => {
  const content = new Uint8Array(3 * 1024 * 1024 + 17).map((_, index) => index % 251);
  await withFile(content, async (path) => {
    assert.equal(await sha256File(path), createHash("sha256").update(content).digest("hex"));
  });
});

Deno.test("sha256File() names the file that is missing", async () => {
  await withFile(new Uint8Array(), async (path) => {
    const missing = `${path}.none`;
    await assert.rejects(sha256File(missing), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.message, `Cannot read "${missing}": there is no such file`);
      return true;
    });
  });
});
