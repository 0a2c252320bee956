import assert from "node:assert/strict";
import { EXIT } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { makeTrainRequest, type TrainRequest } from "../../../lib/training/train_request.ts";
import { runProgram } from "../../../lib/run_program.ts";
import { SubmissionBed } from "../../support/submission.ts";
import { configText } from "../../support/training.ts";

const SECRET = "wandb-0123456789abcdef";

/** A configuration with lines in a section, and a secret. */
function config(section: string, ...lines: string[]): string {
  const wandb = `  wandb: { api_key: "${SECRET}" }\n`;
  const text = configText("centroid", 3, wandb).replace(
    / {2}(?:train|val)_labels_path: null\n/g,
    "",
  );
  const more = lines.map((line) => `  ${line}\n`).join("");
  return text.replace(`${section}:\n`, `${section}:\n${more}`);
}

/** All that a request says, but for what differs each time. */
function content({ spec, configs, warnings }: TrainRequest) {
  const { job_id: _id, created_at: _time, ...rest } = spec;
  return { spec: rest, configs: [...configs], warnings };
}

async function refusedConfig(bed: SubmissionBed, text: string) {
  const error = await bed.refused({ config_contents: [text], labels_path: bed.labels });
  assert.equal(error.exitCode, EXIT.usage, error.message);
  assert.ok(!`${error.message}${error.hint}`.includes(SECRET), error.message);
  return error;
}

Deno.test("what is no training is refused: exit 2", async () => {
  await using bed = await SubmissionBed.create();
  const texts = { config_contents: [configText()], labels_path: bed.labels };
  const bad = [
    { ...texts, type: "track" },
    { ...texts, type: 7 },
    { ...texts, config_contents: "x" },
    { ...texts, config_contents: [] },
    { ...texts, config_contents: ["- a list"] },
    { ...texts, config_contents: ["a: ["] },
    { ...texts, max_epochs: "3" },
    { ...texts, run_name: {} },
    { ...texts, package_path: bed.labels },
    { labels_path: bed.labels },
    {},
  ];
  for (const fields of bad) {
    const error = await bed.refused(fields);
    assert.equal(error.exitCode, EXIT.usage, `${JSON.stringify(fields)}: ${error.message}`);
  }
});

Deno.test("a checkpoint to continue from is refused, from wherever it comes: exit 2", async () => {
  await using bed = await SubmissionBed.create();
  const asked = await bed.refused({ config_contents: [configText()], resume_ckpt_path: "/x.ckpt" });
  assert.equal(asked.exitCode, EXIT.usage);
  await refusedConfig(bed, config("trainer_config", "resume_ckpt_path: /x.ckpt"));
  const script = "sleap-nn train --config c.yaml trainer_config.resume_ckpt_path=/x.ckpt\n";
  const package_path = await bed.uploadPackage(
    { name: "train-script.sh", data: script },
    { name: "c.yaml", data: configText() },
  );
  assert.equal((await bed.refused({ package_path })).exitCode, EXIT.usage);
});

const RESOLVERS = [
  "${oc.env:HOME}",
  "a${oc.env:HOME}b",
  "${oc.env:HOME,default}",
  "${ oc.env : HOME }",
  "${trainer_config.${oc.env:HOME}}",
  "${${description}:HOME}",
  "${oc.${name}:HOME}",
  "${oc.decode:abc}",
  "${oc.create:{a: 1}}",
  "${hydra:runtime.cwd}",
  "${oc.env:HOME",
];

Deno.test("a configuration that asks the worker's machine for something is refused", async () => {
  await using bed = await SubmissionBed.create();
  for (const resolver of RESOLVERS) {
    const quoted = JSON.stringify(resolver);
    for (
      const text of [
        config("trainer_config", `run_name: ${quoted}`),
        config("trainer_config", `${quoted}: 1`),
        config("data_config", `preprocessing: { a: [1, { b: ${quoted} }] }`),
        `description: ${quoted}\n${config("data_config")}`,
        config("data_config").replace("max_epochs: 3", `max_epochs: ${quoted}`),
        config("data_config").replace(`"${SECRET}"`, `${JSON.stringify(SECRET + resolver)}`),
      ]
    ) {
      const { message } = await refusedConfig(bed, text);
      assert.match(message, /asks the worker's machine for "\$\{/);
    }
  }
});

Deno.test("so is a training package whose script or configuration does", async () => {
  await using bed = await SubmissionBed.create();
  for (const resolver of RESOLVERS) {
    const scripted = await bed.uploadPackage(
      {
        name: "train-script.sh",
        data: `sleap-nn train --config c.yaml '++trainer_config.x="${resolver}"'\n`,
      },
      { name: "c.yaml", data: configText() },
    );
    const written = await bed.uploadPackage({
      name: "c.yaml",
      data: config("trainer_config", `x: ${JSON.stringify(resolver)}`),
    });
    for (const package_path of [scripted, written]) {
      const error = await bed.refused({ package_path });
      assert.equal(error.exitCode, EXIT.usage);
      assert.match(error.message, /asks the worker's machine for/);
    }
  }
});

Deno.test("references to other keys of the configuration pass", async () => {
  await using bed = await SubmissionBed.create();
  const lines = [
    "seed: ${.max_epochs}",
    'x: "${model_config.${name}.y[0]} of ${trainer_config.seed}"',
  ];
  const text = config("trainer_config", ...lines);
  await bed.request({ config_contents: [text], labels_path: bed.labels });
});

Deno.test("paths in a configuration must lie in a mount; nothing else is opened", async () => {
  await using bed = await SubmissionBed.create();
  const fifo = bed.path("outside/fifo.pkg.slp");
  await runProgram("mkfifo", [fifo, bed.path("outside/fifo.yaml")]);
  const keys = [
    ["data_config", "train_labels_path"],
    ["data_config", "val_labels_path"],
    ["data_config", "test_file_path"],
    ["model_config", "pretrained_backbone_weights"],
    ["model_config", "pretrained_head_weights"],
  ];
  for (const [section = "", key] of keys) {
    const values = [
      bed.path("outside/mice.pkg.slp"),
      bed.path("outside/none"),
      fifo,
      `[${bed.labels}, ${fifo}]`,
      `{ a: { b: ${fifo} } }`,
      "../outside/mice.pkg.slp",
      "https://example.com/x",
      '"${trainer_config.x}/mice.pkg.slp"',
    ];
    for (const value of values) {
      const text = config(section, `${key}: ${value}`);
      const error = await bed.refused({ config_contents: [text] });
      assert.equal(error.exitCode, EXIT.usage, `${key}: ${value}: ${error.message}`);
      assert.ok(error.message.includes(`${section}.${key}`), error.message);
    }
    const missing = config(section, `${key}: ${bed.path("mount/none")}`);
    const error = await bed.refused({ config_contents: [missing] });
    assert.equal(error.exitCode, EXIT.notFound, error.message);
  }
  for (const field of ["config_path", "labels_path", "val_labels_path", "package_path"]) {
    const path = field === "config_path" ? bed.path("outside/fifo.yaml") : fifo;
    const error = await bed.refused({ config_content: undefined, [field]: path });
    assert.equal(error.exitCode, EXIT.usage, `${field}: ${error.message}`);
  }
});

Deno.test("validation labels in a package's configuration that it does not hold", async () => {
  await using bed = await SubmissionBed.create();
  const val = `data_config.val_labels_path=["${bed.path("outside/none.pkg.slp")}"]`;
  const scripted = await bed.uploadPackage(
    { name: "train-script.sh", data: `sleap-nn train --config c.yaml '${val}'\n` },
    { name: "c.yaml", data: configText() },
    { name: "other.pkg.slp", data: await Deno.readFile(bed.labels) },
  );
  const named = config("data_config", `val_labels_path: ${bed.path("outside/other.slp")}`);
  const written = await bed.uploadPackage({ name: "c.yaml", data: named });
  for (const package_path of [scripted, written]) {
    const error = await bed.refused({ package_path });
    assert.equal(error.exitCode, EXIT.usage, error.message);
  }
  assert.match(
    (await bed.refused({ package_path: written })).message,
    /val_labels_path: ".*" is not in/,
  );
  await bed.request({ package_path: written, val_labels_path: bed.labels });
});

Deno.test("uploaded weights, which can be a program, are not loaded", async () => {
  await using bed = await SubmissionBed.create();
  const uploaded = await bed.upload("w.ckpt", "weights");
  await Deno.writeTextFile(bed.path("mount/w.ckpt"), "weights");
  await Deno.symlink(uploaded, bed.path("mount/link.ckpt"));
  for (const key of ["pretrained_backbone_weights", "pretrained_head_weights"]) {
    for (const path of [uploaded, bed.path("mount/link.ckpt")]) {
      const { message } = await refusedConfig(bed, config("model_config", `${key}: ${path}`));
      assert.match(message, /weights that a client has uploaded are not loaded/);
    }
    const text = config("model_config", `${key}: ${bed.path("mount/w.ckpt")}`);
    await bed.request({ config_contents: [text], labels_path: bed.labels });
  }
});

Deno.test("keys with which Hydra would read something else are refused", async () => {
  await using bed = await SubmissionBed.create();
  const hydra = ["defaults: [/etc/x]", "hydra: { searchpath: [file:///etc] }", "hydra: null"];
  for (const line of hydra) {
    const { message } = await refusedConfig(bed, `${line}\n${config("data_config")}`);
    assert.match(message, /its key "(?:defaults|hydra)" would/);
  }
  for (const override of ["++hydra.searchpath=[file:///etc]", "++defaults=[x]"]) {
    const package_path = await bed.uploadPackage(
      { name: "train-script.sh", data: `sleap-nn train --config c.yaml '${override}'\n` },
      { name: "c.yaml", data: configText() },
    );
    assert.equal((await bed.refused({ package_path })).exitCode, EXIT.usage);
  }
});

Deno.test("no error tells a Weights & Biases key", async () => {
  await using bed = await SubmissionBed.create();
  const broken = [
    `api_key: "${SECRET}`,
    `api_key: ${SECRET}: x`,
    `api_key: [${SECRET}`,
    `api_key: ${SECRET}\u0007`,
    `? {${SECRET}: 1}`,
    `<<: ${SECRET}`,
  ];
  for (const line of broken) {
    const text = config("data_config").replace(/wandb:.*/, `wandb:\n    ${line}`);
    await refusedConfig(bed, text);
  }
  const package_path = await bed.uploadPackage(
    {
      name: "train-script.sh",
      data: `sleap-nn train --config c.yaml 'trainer_config.wandb.api_key=[${SECRET}'\n`,
    },
    { name: "c.yaml", data: config("data_config") },
  );
  const { message } = await bed.refused({ package_path });
  assert.match(message, /wandb\.api_key" as YAML/);
  assert.ok(!message.includes(SECRET), message);
  for (const wandb of [SECRET, `[${SECRET}]`]) {
    const text = config("data_config").replace(/wandb:.*/, `wandb: ${wandb}`);
    await bed.request({ config_contents: [text], labels_path: bed.labels });
  }
});

Deno.test("refusals are short, whatever is refused", async () => {
  await using bed = await SubmissionBed.create();
  const long = "x".repeat(50_000);
  const texts = [
    config("trainer_config", `x: "\${oc.env:${long}}"`),
    config("data_config", `test_file_path: "\${x}${long}"`),
    config("data_config").replace("centroid:", `${long}:`),
    config("data_config").replace("max_epochs: 3", `max_epochs: ${long}`),
  ];
  for (const text of texts) {
    const { message } = await refusedConfig(bed, text);
    assert.ok(message.length < 1_000, message.slice(0, 200));
  }
});

Deno.test("what is accepted is the same job as a local one", async () => {
  await using bed = await SubmissionBed.create();
  const text = configText("centroid", 3, `  wandb: { api_key: "${SECRET}" }\n`);
  const path = bed.path("mount/c.yaml");
  await Deno.writeTextFile(path, text);
  const here = {
    uploads: bed.path("root/uploads"),
    baseDir: bed.root,
    overrides: { max_epochs: 2 },
  };
  const local = content(
    await makeTrainRequest({ ...here, configs: [path], labels: bed.labels, runName: "run" }),
  );
  const asked = { labels_path: bed.labels, run_name: "run", max_epochs: 2 };
  const uploaded = await bed.upload("c.yaml", text);
  for (
    const configs of [
      { config_paths: [path] },
      { config_path: path },
      { config_paths: [uploaded] },
      { config_contents: [text] },
      { config_content: text },
    ]
  ) {
    assert.deepEqual(content(await bed.request({ ...asked, ...configs })), local);
  }
  const labels_path = await bed.upload("mice.pkg.slp", await Deno.readFile(bed.labels));
  const other = await bed.request({ ...asked, config_paths: [path], labels_path });
  assert.deepEqual(other.spec.models, local.spec.models, "uploaded labels");
});

Deno.test("a package is the same job as a local one", async () => {
  await using bed = await SubmissionBed.create();
  const script = "sleap-nn train --config c.yaml trainer_config.max_epochs=5\n";
  const package_path = await bed.uploadPackage(
    { name: "train-script.sh", data: script },
    { name: "c.yaml", data: configText() },
  );
  const uploads = bed.path("root/uploads");
  const local = await makeTrainRequest({
    configs: [],
    package: package_path,
    runName: "run",
    overrides: {},
    uploads,
    baseDir: bed.root,
  });
  const remote = await bed.request({ package_path, run_name: "run" });
  assert.deepEqual(content(remote), content(local));
});

Deno.test("videos that labels name must lie where the worker allows it", async () => {
  await using bed = await SubmissionBed.create();
  const asked = { config_contents: [configText()], labels_path: bed.labels };
  await Deno.writeTextFile(bed.path("outside/private.mp4"), "");
  await Deno.writeTextFile(bed.path("mount/mice.mp4"), "");
  bed.videos = [bed.path("mount/mice.mp4")];
  assert.deepEqual((await bed.request(asked)).warnings, []);
  bed.videos = [bed.path("outside/private.mp4")];
  const outside = await bed.refused(asked);
  assert.equal(outside.exitCode, 2);
  assert.match(outside.message, /a video of "mice.pkg.slp": ".*" is not in a folder/);
  assert.match(outside.hint ?? "", /--mount PATH/);
  bed.videos = [bed.path("mount/none.mp4")];
  assert.equal((await bed.refused(asked)).exitCode, 3);
});

Deno.test("an upload that was damaged since is noticed and removed", async () => {
  await using bed = await SubmissionBed.create();
  const labels = await bed.upload("mice.pkg.slp", await Deno.readFile(bed.labels));
  const asked = { config_contents: [configText()], labels_path: labels };
  await bed.request(asked);
  const bytes = await Deno.readFile(labels);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await Deno.writeFile(labels, bytes);
  const error = await bed.refused(asked);
  assert.equal(error.exitCode, 7);
  assert.match(error.message, /"mice.pkg.slp" was damaged on the worker since it was uploaded/);
  await assert.rejects(Deno.stat(labels));
});

Deno.test("a folder that the trainer would empty is refused, wherever it is", async () => {
  await using bed = await SubmissionBed.create();
  const text = config("data_config", `cache_img_path: ${bed.path("mount")}`);
  const error = await bed.refused({ config_contents: [text], labels_path: bed.labels });
  assert.equal(error.exitCode, EXIT.usage);
  assert.match(error.message, /data_config.cache_img_path would be written to, and emptied/);
});

Deno.test("uploaded weights are refused also where uploads/ is a link to another disk", async () => {
  await using bed = await SubmissionBed.create();
  await Deno.rename(bed.path("root/uploads"), bed.path("disk"));
  await Deno.symlink(bed.path("disk"), bed.path("root/uploads"));
  const weights = await bed.upload("evil.ckpt", "a pickle");
  const text = config("model_config", `pretrained_backbone_weights: ${weights}`);
  const error = await bed.refused({ config_contents: [text], labels_path: bed.labels });
  assert.equal(error.exitCode, EXIT.usage);
  assert.match(error.message, /weights that a client has uploaded are not loaded/);
});

Deno.test("an alias is part of the job; a bad one is refused with 2, a taken one with 7", async () => {
  await using bed = await SubmissionBed.create();
  const fields = { config_contents: [configText()], labels_path: bed.labels };
  assert.equal((await bed.request({ ...fields, alias: "mouse" })).spec.alias, "mouse");
  for (const alias of ["", "mouse v2", "a3f5e8c9"]) {
    assert.equal((await bed.refused({ ...fields, alias })).exitCode, EXIT.usage, alias);
  }
  const registry = await ModelRegistry.open(bed.root);
  await registry.register({ id: "aaaa0001", model_type: "centroid", alias: "mouse" });
  const taken = await bed.refused({ ...fields, alias: "mouse" });
  assert.equal(taken.exitCode, EXIT.conflict);
  assert.match(taken.message, /Alias "mouse" is taken by centroid model aaaa0001/);
  const resumed = await bed.refused({ resume_model: "mouse", alias: "rat" });
  assert.equal(resumed.exitCode, EXIT.usage);
  assert.match(resumed.message, /^alias: /);
});
