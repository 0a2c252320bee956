import assert from "node:assert/strict";
import { EXIT } from "../../lib/errors.ts";
import { runCli } from "../support/cli.ts";
import { withFolder } from "../support/temp_folder.ts";

Deno.test("3.3.1 what track cannot make sense of is a usage error with a way out", async () => {
  await withFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/clip.mp4`, "frames");
    const model = ["--model", "aaaa1111"];
    const data = ["--data-path", "clip.mp4"];
    const wrong: [args: string[], said: RegExp][] = [
      [[...model, ...data, "--checkpoint", "m"], /--checkpoint does not go together with --model/],
      [[...model, ...data, "--model-paths", "m"], /--checkpoint does not go together with --model/],
      [data, /No model to predict with/],
      [model, /No data to predict on/],
      [[...model, ...model, ...model, ...data], /At most two models/],
      [[...model, "clip.mp4"], /Unexpected argument "clip.mp4"/],
      [[...model, ...data, "--local", "--room", "r"], /--room does not go together with --local/],
      [[...model, ...data, "--registry", "."], /--registry does not go together with/],
      [[...model, ...data, "--frames", "1-2,4"], /--frames/],
      [[...model, ...data, "--peak-threshold", "2"], /--peak-threshold/],
      [[...model, ...data, "--path-map", "x", "--local"], /OLD=NEW/],
      [[...model, ...data, "--local", "-o", "a.h5"], /Predictions are a .slp file/],
      [[...model, ...data, "--local", "--", "--output_path", "x"], /--output_path/],
    ];
    for (const [args, said] of wrong) {
      const { code, stderr, stdout } = await runCli(["track", ...args], { cwd });
      assert.equal(code, EXIT.usage, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, said);
      assert.match(stderr, /\nhint: /);
      assert.equal(stdout, "");
    }
  });
});

Deno.test("track names data that are not there, and outputs that are: exit 3 and 7", async () => {
  await withFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/clip.mp4`, "frames");
    await Deno.writeTextFile(`${cwd}/clip.predictions.slp`, "mine");
    const track = (...args: string[]) =>
      runCli(["track", "--local", "--model", "aaaa1111", ...args], { cwd });
    const missing = await track("--data-path", "klip.mp4");
    assert.equal(missing.code, EXIT.notFound, missing.stderr);
    assert.match(missing.stderr, /"klip\.mp4": there is no such file/);
    const folder = await track("--data-path", "clip.mp4", "-o", "no/out.slp");
    assert.equal(folder.code, EXIT.notFound, folder.stderr);
    const taken = await track("--data-path", "clip.mp4");
    assert.equal(taken.code, EXIT.conflict, taken.stderr);
    assert.match(taken.stderr, /clip\.predictions\.slp": it exists already\nhint: .*--force/);
    assert.equal(await Deno.readTextFile(`${cwd}/clip.predictions.slp`), "mine");
  });
});
