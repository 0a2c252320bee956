/** What the real sleap-io writes about videos. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../lib/errors.ts";
import { labelsVideos } from "../../lib/sleap_nn/labels_videos.ts";
import { runProgram } from "../../lib/run_program.ts";
import { engineForTests, makeDataset, saveLinked } from "../support/engine.ts";

const engine = await engineForTests();

Deno.test({
  name: "labelsVideos() gives the videos of linked labels, and none of embedded ones",
  ignore: engine === null,
  fn: async () => {
    if (engine === null) return;
    const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" });
    try {
      const data = await makeDataset(engine.python, folder, { animals: 1, frames: 6 });
      const linked = join(folder, "linked.slp");
      await saveLinked(engine, data.labels, linked, "/elsewhere/mice.mp4");
      assert.deepEqual((await labelsVideos(engine.python, linked)).videos, ["/elsewhere/mice.mp4"]);
      assert.deepEqual(await labelsVideos(engine.python, data.labels), {
        videos: [],
        sources: [data.video],
      });
      const script = "import h5py, sys; file = h5py.File(sys.argv[1], 'a'); " +
        "file['x'] = h5py.ExternalLink('/elsewhere/private.h5', '/x')";
      await runProgram(engine.python, ["-c", script, data.labels]);
      await assert.rejects(
        labelsVideos(engine.python, data.labels),
        /takes parts of itself out of other files/,
      );
      await Deno.writeTextFile(linked, "no HDF5");
      await assert.rejects(labelsVideos(engine.python, linked), UsageError);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
