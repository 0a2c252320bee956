import assert from "node:assert/strict";
import { join } from "node:path";
import { SleapRtcError } from "../../../lib/errors.ts";
import { downloadOutput } from "../../../lib/transfer/download.ts";
import { DownloadBed, DownloadPair, TRACK_JOB } from "../../support/download.ts";
import { registerDiskTests, TinyDisk } from "../../support/tiny_disk.ts";
import { someBytes } from "../../support/transfer.ts";

async function namesIn(disk: TinyDisk): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(disk.path));
  return entries.map(({ name }) => name).filter((name) => name !== "filler");
}

await registerDiskTests(import.meta.url, [
  {
    name: "downloadOutput() says before how much is missing on the disk",
    fn: async () => {
      await using bed = await DownloadBed.create();
      await using disk = await TinyDisk.mount("1m");
      const shared = await bed.write(someBytes(3_000_000));
      await using pair = new DownloadPair(() => Promise.resolve(shared));
      const to = join(disk.path, "out.slp");
      await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, { to }), (error) => {
        assert.ok(error instanceof SleapRtcError);
        assert.equal(error.exitCode, 1);
        assert.match(error.message, /bytes are missing on its disk$/);
        return true;
      });
      assert.equal(pair.sending.sentBytes, 0);
      assert.deepEqual(await namesIn(disk), []);
    },
  },

  {
    name: "downloadOutput() to a disk that fills up: exit 1 says so, nothing stays",
    fn: async () => {
      await using bed = await DownloadBed.create();
      await using disk = await TinyDisk.mount("1m");
      const shared = await bed.write(someBytes(900_000));
      await using pair = new DownloadPair(() => Promise.resolve(shared), { maxDownloads: 1 });
      const to = join(disk.path, "out.slp");
      let filling: Promise<void> | undefined;
      const onProgress = () => {
        filling ??= disk.fill();
      };
      const options = { to, windowBytes: 65_536, onProgress };
      await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, options), (error) => {
        assert.ok(error instanceof SleapRtcError);
        assert.equal(error.exitCode, 1);
        assert.match(error.message, /^Cannot write ".*out\.slp": no space left on the disk$/);
        return true;
      });
      await filling;
      assert.deepEqual(await namesIn(disk), []);
      await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target });
    },
  },
]);
