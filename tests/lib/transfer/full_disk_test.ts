import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SleapRtcError } from "../../../lib/errors.ts";
import { ContentStore } from "../../../lib/transfer/content_store.ts";
import { registerDiskTests, TinyDisk } from "../../support/tiny_disk.ts";
import { someBytes } from "../../support/transfer.ts";

const CONTENT = someBytes(10_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const FILE = { sha256: SHA256, name: "a.slp", bytes: CONTENT.length };

await registerDiskTests(import.meta.url, [
  {
    name: "ContentStore says before how much is missing on the disk",
    fn: async () => {
      await using disk = await TinyDisk.mount("1m");
      const bytes = 3_000_000;
      await assert.rejects(new ContentStore(disk.path).begin({ ...FILE, bytes }), (error) => {
        assert.ok(error instanceof SleapRtcError);
        assert.match(
          error.message,
          /^Cannot store 3,000,000 bytes in ".*uploads": 1,9\d\d,\d\d\d bytes are missing on its disk$/,
        );
        return true;
      });
    },
  },

  {
    name: "ContentStore on a disk that fills up: exit 1 says so, nothing stays",
    fn: async () => {
      await using disk = await TinyDisk.mount("1m");
      const incoming = await new ContentStore(disk.path).begin({ ...FILE, bytes: 500_000 });
      await disk.fill();
      await assert.rejects(incoming.write(someBytes(500_000)), (error) => {
        assert.ok(error instanceof SleapRtcError);
        assert.equal(error.exitCode, 1);
        assert.match(error.message, /^Cannot write ".*a\.slp": no space left on the disk$/);
        return true;
      });
      await incoming.discard();
      const left = await Array.fromAsync(Deno.readDir(join(disk.path, "uploads")));
      assert.deepEqual(left, []);
    },
  },
]);
