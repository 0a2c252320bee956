import assert from "node:assert/strict";
import { runProgram } from "../../../lib/run_program.ts";
import { engineForTests, makeDataset } from "../../support/engine.ts";

const engine = await engineForTests();

/** Prints the number of frames, of instances in each, and the shape of the first image. */
const DESCRIBE = `
import json, sys
import sleap_io as sio

for path in sys.argv[1:]:
    labels = sio.load_slp(path)
    image = labels[0].image
    print(json.dumps([len(labels), [len(frame) for frame in labels], list(image.shape)]))
`;

Deno.test({
  name: "make_data.py embeds every animal of every frame, part of them held out",
  ignore: engine === null,
  fn: async () => {
    assert.ok(engine !== null);
    const folder = await Deno.makeTempDir();
    try {
      const { python } = engine;
      const data = await makeDataset(python, `${folder}/data`, { animals: 2, frames: 10 });
      assert.ok((await Deno.stat(data.video)).size > 0);
      await Deno.remove(data.video);
      const result = await runProgram(python, ["-c", DESCRIBE, data.labels, data.valLabels]);
      assert.deepEqual(result.stdout.trim().split("\n").map((line) => JSON.parse(line)), [
        [8, Array(8).fill(2), [160, 160, 1]],
        [2, Array(2).fill(2), [160, 160, 1]],
      ], result.stderr);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
