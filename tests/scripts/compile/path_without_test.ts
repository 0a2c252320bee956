import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { pathWithout } from "../../../scripts/compile/path_without.ts";

const ignore = Deno.build.os === "windows";

Deno.test("pathWithout() hides one program and keeps its neighbours", { ignore }, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [first, second, links] = ["first", "second", "links"].map((name) => join(folder, name));
    assert.ok(first && second && links);
    for (const bin of [first, second]) await Deno.mkdir(bin);
    for (const name of ["deno", "greet"]) {
      await Deno.writeTextFile(join(first, name), "#!/bin/sh\necho hello\n", { mode: 0o755 });
    }
    for (let round = 0; round < 2; round++) {
      const path = await pathWithout("deno", [first, second], links);
      assert.equal(path, [join(links, "0"), second].join(delimiter));
      assert.deepEqual((await Array.fromAsync(Deno.readDir(join(links, "0")))).map(nameOf), [
        "greet",
      ]);
      const { stdout } = await new Deno.Command("/bin/sh", {
        args: ["-c", "greet; command -v deno"],
        clearEnv: true,
        env: { PATH: path },
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "hello\n");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function nameOf({ name }: Deno.DirEntry): string {
  return name;
}
