import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { sha256File } from "../../../lib/files/hash.ts";
import { endOf, leftovers, PredictionBed } from "../../support/predictions.ts";

Deno.test("a prediction leaves its file, what made it, and nothing else", async () => {
  await using bed = await PredictionBed.create();
  const [centroid, centered] = bed.models;
  const { job, result, events, log } = await bed.run({ options: { tracking: true } });
  assert.equal(result.status, "succeeded", log);
  assert.equal(result.error, null);
  assert.deepEqual(result.models, []);
  const path = join(job.path, "predictions.slp");
  const output = { path, sha256: await sha256File(path), bytes: (await Deno.stat(path)).size };
  assert.deepEqual(result.output, output);
  const made = JSON.parse(await Deno.readTextFile(path));
  assert.deepEqual(made.models, ["weights of a3f5e8c9", "weights of b4c6d8e0"]);
  const { created_at, ...beside } = JSON.parse(await Deno.readTextFile(`${path}.json`));
  assert.ok(Date.parse(created_at) > 0);
  assert.deepEqual(beside, {
    version: 1,
    job_id: job.jobId,
    models: bed.models.map(({ config_path: _, ...model }) => model),
    data: "clip.mp4",
    output: { sha256: output.sha256, bytes: output.bytes },
    options: { tracking: true },
    sleap_nn_version: null,
    sleap_rtc_version: "0.1.0",
  });
  assert.deepEqual(await leftovers(job.path), []);
  const [first, started, ...others] = events;
  assert.equal(first?.type, "job_started");
  assert.ok(started?.type === "predictor_started");
  // Mission 3.3.3: the command line shows the resolved paths.
  assert.deepEqual(started.command, [
    bed.world.trainer,
    "predict",
    "--gui",
    "--data_path",
    bed.data,
    "--model_paths",
    join(bed.world.folder, "models/centroid_a3f5e8c9"),
    "--model_paths",
    join(bed.world.folder, "models/centered_instance_b4c6d8e0"),
    "--output_path",
    join(job.path, `.sleap-rtc-${job.jobId}.slp`),
    "--tracking",
  ]);
  assert.ok(log.includes(`checkpoint ${centroid?.checkpoint_path} (SHA-256 ${centroid?.sha256})`));
  assert.ok(log.includes(`checkpoint ${centered?.checkpoint_path}`));
  const frames = others.filter((event) => event.type === "frames");
  assert.deepEqual(
    frames.map(({ phase, done, total }) => [phase, done, total]).at(-1),
    ["tracking", 10, 10],
  );
  const ends = others.filter((event) => event.type !== "frames");
  assert.deepEqual(ends.map(({ type }) => type), ["predictions_written", "job_finished"]);
  assert.ok(ends[0]?.type === "predictions_written");
  assert.deepEqual(ends[0].output, output);
  assert.equal(ends[0].frames, 10);
  assert.equal((await job.readState()).trainer, null);
});

Deno.test("frames are told at most once a second, and the last of them at the end", async () => {
  await using bed = await PredictionBed.create({ frames: 40, batchMs: 250 });
  const { events } = await bed.run();
  const frames = events.filter((event) => event.type === "frames");
  assert.ok(frames.length >= 2 && frames.length <= 6, `${frames.length} events`);
  assert.equal(frames.at(-1)?.done, 40);
  assert.equal(frames.at(-1)?.rate, 8.5);
});

Deno.test("a checkpoint with another name, or its configuration elsewhere, is linked", async () => {
  await using bed = await PredictionBed.create();
  const [centroid] = bed.models;
  assert.ok(centroid);
  const last = bed.path("models/centroid_a3f5e8c9/attempts/last.ckpt");
  await Deno.mkdir(join(last, ".."));
  await Deno.rename(centroid.checkpoint_path, last);
  const { job, result, events } = await bed.run({
    predictors: [{ ...centroid, checkpoint_path: last, model_id: null }],
  });
  assert.equal(result.status, "succeeded", `${result.error}`);
  const folder = join(job.path, "models", "0");
  assert.equal(await Deno.readLink(join(folder, "best.ckpt")), last);
  assert.equal(await Deno.readLink(join(folder, "training_config.yaml")), centroid.config_path);
  const started = events.find((event) => event.type === "predictor_started");
  assert.ok(started?.type === "predictor_started" && started.command.includes(folder));
});

Deno.test("what is in the place of the predictions stays, and is told before sleap-nn starts", async () => {
  await using bed = await PredictionBed.create();
  for (const name of ["mine.slp", "mine.slp.json"]) {
    const output_path = bed.path("mine.slp");
    await Deno.writeTextFile(bed.path(name), "precious");
    const { result, events } = await bed.run({ output_path });
    assert.equal(result.status, "failed");
    assert.equal(result.error, `Refused to write "${bed.path(name)}": it exists already`);
    assert.ok(!events.some(({ type }) => type === "predictor_started"));
    assert.equal(await Deno.readTextFile(bed.path(name)), "precious");
    await Deno.remove(bed.path(name));
  }
  assert.deepEqual(await leftovers(bed.world.folder), []);
});

Deno.test("what comes into the place meanwhile stays, too", async () => {
  await using bed = await PredictionBed.create();
  const output_path = bed.path("mine.slp");
  const job = await bed.startPaused({ stage: "half" }, { output_path });
  await Deno.writeTextFile(output_path, "precious");
  await bed.goOn();
  const { result } = await endOf(job);
  assert.equal(result.status, "failed");
  assert.match(result.error ?? "", /mine\.slp": it exists already$/);
  assert.equal(await Deno.readTextFile(output_path), "precious");
  await assert.rejects(Deno.stat(`${output_path}.json`), Deno.errors.NotFound);
  assert.deepEqual(await leftovers(bed.world.folder), []);
});

Deno.test("predictions replace a file where that is asked for", async () => {
  await using bed = await PredictionBed.create();
  const output_path = bed.path("mine.slp");
  await Deno.writeTextFile(output_path, "old");
  await Deno.writeTextFile(`${output_path}.json`, "old");
  const { result, job } = await bed.run({ output_path, overwrite: true });
  assert.equal(result.status, "succeeded", `${result.error}`);
  assert.equal(result.output?.sha256, await sha256File(output_path));
  assert.equal(JSON.parse(await Deno.readTextFile(`${output_path}.json`)).job_id, job.jobId);
});

Deno.test("a file that is replaced stays until the predictions are whole", async () => {
  await using bed = await PredictionBed.create({ failAt: { stage: "half" } });
  const output_path = bed.path("mine.slp");
  await Deno.writeTextFile(output_path, "old");
  const { result } = await bed.run({ output_path, overwrite: true });
  assert.equal(result.status, "failed");
  assert.equal(await Deno.readTextFile(output_path), "old");
});

Deno.test("a folder that is not there, or that cannot be written, is told before", async () => {
  await using bed = await PredictionBed.create();
  const gone = await bed.run({ output_path: bed.path("gone/mine.slp") });
  assert.match(gone.result.error ?? "", /^Cannot write ".*mine.slp": there is no folder ".*gone"$/);
  await Deno.mkdir(bed.path("folder.slp"));
  const folder = await bed.run({ output_path: bed.path("folder.slp"), overwrite: true });
  assert.match(folder.result.error ?? "", /folder\.slp": it is a folder$/);
  const output_path = bed.path(`${"x".repeat(247)}.slp`);
  const long = await bed.run({ output_path, overwrite: true });
  assert.match(long.result.error ?? "", /name too long/);
  for (const { events } of [gone, folder, long]) {
    assert.ok(!events.some(({ type }) => type === "predictor_started"));
  }
});

Deno.test("sleap-nn that fails: its own error, and nothing half-written", async () => {
  await using bed = await PredictionBed.create();
  const error = "RuntimeError: CUDA error: out of memory";
  const stderr = ["Traceback (most recent call last):", error];
  const cases = [
    { script: { failAt: { stage: "load" as const, stderr } }, error },
    { script: { failAt: { stage: "frames" as const, batch: 1, stderr } }, error },
    { script: { failAt: { stage: "half" as const, stderr } }, error },
    {
      script: { failAt: { stage: "frames" as const, stderr: ["Segmentation fault"], exitCode: 3 } },
      error: "sleap-nn ended with exit code 3; the last it said: Segmentation fault",
    },
    {
      script: { dieBySignalAt: { stage: "half" as const, signal: "SIGKILL" as const } },
      error: "sleap-nn was ended by SIGKILL, as happens when memory runs out",
    },
    {
      script: { exitZeroWithoutPredictions: true },
      error: "sleap-nn ended with exit code 0, but wrote no predictions",
    },
  ];
  for (const { script, error } of cases) {
    await bed.world.setScript(script);
    const { job, result } = await bed.run();
    assert.equal(result.status, "failed");
    assert.equal(result.error, error);
    assert.equal(result.output, undefined);
    const names = (await Array.fromAsync(Deno.readDir(job.path))).map(({ name }) => name).sort();
    assert.deepEqual(names.filter((name) => /slp/.test(name)), []);
    assert.deepEqual(await leftovers(job.path), []);
  }
});

Deno.test("sleap-nn that is not there, data that are gone: the job says so", async () => {
  await using bed = await PredictionBed.create();
  const gone = await bed.run({ data_path: bed.path("gone.mp4") });
  assert.match(gone.result.error ?? "", /^ValueError: Could not read .*gone.mp4/);
  await Deno.writeTextFile(bed.world.trainer, "#!/nowhere/python\n");
  const broken = await bed.run();
  assert.equal(broken.result.status, "failed");
  assert.match(broken.result.error ?? "", /^sleap-nn could not be started: /);
});

Deno.test("models are looked at again before sleap-nn starts", async () => {
  await using bed = await PredictionBed.create();
  const [centroid, centered] = bed.models;
  assert.ok(centroid && centered);
  const failures: [() => Promise<unknown>, RegExp][] = [
    [
      () => Deno.writeTextFile(centered.checkpoint_path, "other weights"),
      /^The checkpoint of model b4c6d8e0 was changed since it was recorded: ".*best.ckpt"$/,
    ],
    [
      () => Deno.remove(centroid.config_path),
      /^Model a3f5e8c9 has no training_config.yaml beside/,
    ],
    [
      () => Deno.remove(centroid.checkpoint_path),
      /^The checkpoint of model a3f5e8c9 is gone: ".*best.ckpt"$/,
    ],
    [
      () => bed.registry.update("a3f5e8c9", (entry) => ({ ...entry, status: "training" })),
      /^Model a3f5e8c9 is being trained$/,
    ],
  ];
  for (const [spoil, error] of failures) {
    await spoil();
    const { result, events } = await bed.run();
    assert.equal(result.status, "failed");
    assert.match(result.error ?? "", error);
    assert.ok(!events.some(({ type }) => type === "predictor_started"));
  }
});

Deno.test("the job of a prediction is known by its models and its data", async () => {
  await using bed = await PredictionBed.create();
  const { job } = await bed.run();
  assert.equal(basename(job.path), "job_00000001");
  const { code, stdout } = await bed.world.cli(["jobs", "list", "--json"]);
  assert.equal(code, 0);
  const [listed] = JSON.parse(stdout);
  assert.equal(listed.type, "track");
  assert.equal(listed.status, "succeeded");
  assert.deepEqual(
    listed.models.map(({ model_id }: { model_id: string }) => model_id),
    ["a3f5e8c9", "b4c6d8e0"],
  );
});

Deno.test("weights that are replaced before sleap-nn has read them make no predictions", async () => {
  await using bed = await PredictionBed.create();
  const [model] = bed.models;
  assert.ok(model);
  const output_path = bed.path("mine.slp");
  const job = await bed.startPaused({ stage: "load" }, { output_path });
  await Deno.writeTextFile(model.checkpoint_path, "other weights");
  await bed.goOn();
  const { result } = await endOf(job);
  assert.equal(result.status, "failed");
  assert.match(result.error ?? "", /was changed since it was recorded/);
  await assert.rejects(Deno.stat(output_path), Deno.errors.NotFound);
  assert.deepEqual(await leftovers(bed.world.folder), []);
});
