import assert from "node:assert/strict";
import { tar } from "../../../scripts/compile/tar.ts";

Deno.test("tar() makes an archive that tar reads back", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-tar-" });
  try {
    const contents = [0, 1, 511, 512, 513, 100_000].map((size) => new Uint8Array(size).fill(size));
    const archive = tar(contents.map((content, index) => ({
      path: `inner/${index}`,
      content,
      executable: index === 1,
    })));
    const child = new Deno.Command("tar", {
      args: ["-xf", "-", "-C", folder],
      stdin: "piped",
      stderr: "piped",
    }).spawn();
    await new Blob([archive]).stream().pipeTo(child.stdin);
    const { success, stderr } = await child.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.equal(stderr.length, 0);
    for (const [index, content] of contents.entries()) {
      const path = `${folder}/inner/${index}`;
      assert.deepEqual(await Deno.readFile(path), content);
      const { mode } = await Deno.stat(path);
      if (Deno.build.os !== "windows") assert.equal(((mode ?? 0) & 0o100) !== 0, index === 1);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
