import assert from "node:assert/strict";
import { join } from "node:path";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import { getIn, type PyValue } from "../../../lib/python/value.ts";
import { parseYaml } from "../../../lib/python/yaml.ts";
import { readHyperparameters, readTrainConfig } from "../../../lib/sleap_nn/train_config.ts";
import { readConfigText } from "../../../lib/sleap_nn/train_config/config_file.ts";
import {
  completeTrainConfig,
  type RunSettings,
} from "../../../lib/sleap_nn/train_config/complete.ts";

const MINIMAL = "model_config: {head_configs: {centroid: {}}, backbone_config: {unet: {}}}\n";
const FULL = `name: a date 2025-11-06
description: 2025-11-06
data_config:
  train_labels_path: [train.pkg.slp, /abs/b.slp]
  val_labels_path: val.pkg.slp
  test_file_path: https://x.y/t.slp
  validation_fraction: 1e-1
model_config:
  pretrained_backbone_weights: \${oc.env:HOME}/w.ckpt
  pretrained_head_weights: w/\${name}.ckpt
  head_configs: {single_instance: null, centroid: {confmaps: {sigma: 2.0}}}
  backbone_config: {unet: {filters: 16}, convnext: null}
trainer_config:
  run_name: 251106_120000
  max_epochs: 7
  train_data_loader: &loader {batch_size: 4, shuffle: true}
  val_data_loader: *loader
  model_ckpt: {save_top_k: 3, save_last: false}
  optimizer: {lr: 1e-3, amsgrad: false}
  wandb: {api_key: s3cret, project: p}
  zmq: null
  online_hard_keypoint_mining: null
  lr_scheduler: null
`;
const SETTINGS: RunSettings = {
  baseDir: "/work dir",
  ckptDir: "/lab/models",
  runName: "centroid_58cecaed",
  resumeCheckpoint: null,
  publishPort: null,
  controllerPort: null,
};

function complete(text: string, settings: Partial<RunSettings> = {}): PyValue {
  const config = readTrainConfig(text, "c.yaml");
  const written = completeTrainConfig(config, { ...SETTINGS, ...settings });
  return parseYaml(written, { dialect: "omegaconf" });
}

function trainer(tree: PyValue, ...path: string[]): PyValue | undefined {
  return getIn(tree, ["trainer_config", ...path]);
}

Deno.test("readTrainConfig() gives what a training needs to know", () => {
  const config = readTrainConfig(FULL, "c.yaml");
  assert.equal(config.modelType, "centroid");
  assert.equal(config.runName, "251106120000");
  assert.deepEqual(config.trainLabels, ["train.pkg.slp", "/abs/b.slp"]);
  assert.deepEqual(config.valLabels, ["val.pkg.slp"]);
  assert.equal(config.maxEpochs, 7);
  assert.equal(config.wandbApiKey, "s3cret");
});

Deno.test("readTrainConfig() gives defaults for what is not said", () => {
  const config = readTrainConfig(MINIMAL, "c.yaml");
  assert.equal(config.runName, null);
  assert.deepEqual(config.trainLabels, []);
  assert.deepEqual(config.valLabels, []);
  assert.equal(config.maxEpochs, 100);
  assert.equal(config.wandbApiKey, null);
});

Deno.test("readTrainConfig() takes an empty run name for none and a date for its text", () => {
  const runName = (name: string) =>
    readTrainConfig(`${MINIMAL}trainer_config: {run_name: ${name}}`, "c.yaml").runName;
  assert.equal(runName('""'), null);
  assert.equal(runName('"None"'), null);
  assert.equal(runName("null"), null);
  assert.equal(runName("2025-11-06"), "2025-11-06");
  assert.equal(runName("yes"), "True");
  assert.equal(runName("1e3"), "1000.0");
});

Deno.test("readTrainConfig() leaves interpolations to sleap-nn", () => {
  const text = `${MINIMAL}trainer_config: {max_epochs: "\${x}", wandb: {api_key: "\${oc.env:K}"}}`;
  const config = readTrainConfig(text, "c.yaml");
  assert.equal(config.maxEpochs, null);
  assert.equal(config.wandbApiKey, null);
});

Deno.test("readTrainConfig() reads JSON by its name, floats included", () => {
  const text = '{"model_config": {"head_configs": {"centroid": {"x": 1e-05}}}}';
  const heads = ["model_config", "head_configs", "centroid", "x"];
  assert.equal(getIn(readTrainConfig(text, "c.json").value, heads), 1e-5);
  assert.equal(getIn(readTrainConfig(text, "c.yaml").value, heads), "1e-05");
  assert.equal(getIn(readTrainConfig(text, "c.yaml").trainerView, heads), 1e-5);
});

const heads = (text: string) => `model_config: {head_configs: ${text}}`;
const refusedConfigs: readonly [text: string, problem: RegExp][] = [
  ["", /not a sleap-nn training configuration: it is not a mapping/],
  ["- a", /it is not a mapping of settings/],
  ["a: 1", /no mapping "model_config\.head_configs"/],
  ["model_config: 5", /"model_config" is not a mapping/],
  [heads("null"), /no mapping "model_config\.head_configs"/],
  [heads("{centroid: null}"), /exactly one head, it sets none/],
  [heads("{centroid: {}, bottomup: {}}"), /exactly one head, it sets centroid, bottomup/],
  [heads("{1: {}}"), /exactly one head, it sets 1/],
  [heads('{"../../x": {}}'), /"\.\.\/\.\.\/x" is not a head/],
  [
    "model_config: {head_configs: {centroid: {}}, backbone_config: {unet: {}, swint: {}}}",
    /exactly one backbone, it sets unet, swint/,
  ],
  [`${MINIMAL}trainer_config: []`, /"trainer_config" is not a mapping/],
  [`${MINIMAL}defaults: [x]`, /"defaults" would make Hydra load other files/],
  [`${MINIMAL}a: 1\na: 2`, /Cannot read "c\.yaml" as YAML: line 3, column 1: the key "a"/],
  ["data: {}\nmodel: {heads: {}}", /"c\.yaml" is a training profile of SLEAP 1\.4 or older/],
  ["a: [1", /Cannot read "c\.yaml" as YAML: line 1/],
];
for (const [text, problem] of refusedConfigs) {
  Deno.test(`readTrainConfig() refuses ${JSON.stringify(text.slice(-50))}`, () => {
    assert.throws(() => readTrainConfig(text, "c.yaml"), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, problem);
      return true;
    });
  });
}

Deno.test("a file that is no configuration is refused with what is wrong with it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = (name: string) => join(folder, name);
    await Deno.writeTextFile(path("good.yml"), MINIMAL);
    await Deno.writeTextFile(path("video.mp4"), "x");
    await Deno.writeFile(path("latin.yaml"), new Uint8Array([0x61, 0x3a, 0x20, 0xe9]));
    await Deno.mkdir(path("folder.yaml"));
    await Deno.writeFile(path("big.yaml"), new Uint8Array(5 * 1024 * 1024));
    assert.equal((await read(path("good.yml"))).modelType, "centroid");
    await assert.rejects(read(path("none.yaml")), NotFoundError);
    await assert.rejects(read(path("good.yml/x.yaml")), NotFoundError);
    await assert.rejects(read(path("video.mp4")), /is not a configuration file/);
    await assert.rejects(read(path("latin.yaml")), /it is not UTF-8 text/);
    await assert.rejects(read(path("folder.yaml")), /is a folder/);
    await assert.rejects(read(path("big.yaml")), /too large for a configuration/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("completeTrainConfig() sets what a supervised run needs", () => {
  const tree = complete(FULL, { publishPort: 9001, controllerPort: 9000 });
  assert.equal(trainer(tree, "ckpt_dir"), "/lab/models");
  assert.equal(trainer(tree, "run_name"), "centroid_58cecaed");
  assert.equal(trainer(tree, "resume_ckpt_path"), null);
  assert.equal(trainer(tree, "save_ckpt"), true);
  assert.equal(trainer(tree, "enable_progress_bar"), false);
  assert.equal(trainer(tree, "model_ckpt", "save_last"), true);
  assert.equal(trainer(tree, "model_ckpt", "save_top_k"), 1n);
  assert.equal(trainer(tree, "zmq", "publish_port"), 9001n);
  assert.equal(trainer(tree, "zmq", "controller_port"), 9000n);
  assert.equal(trainer(tree, "wandb", "api_key"), null);
});

Deno.test("completeTrainConfig() keeps the rest as sleap-nn would have read it", () => {
  const tree = complete(FULL);
  assert.equal(getIn(tree, ["description"]), "2025-11-06");
  assert.equal(getIn(tree, ["data_config", "validation_fraction"]), 0.1);
  assert.equal(trainer(tree, "optimizer", "lr"), 0.001);
  assert.equal(trainer(tree, "max_epochs"), 7n);
  assert.equal(trainer(tree, "val_data_loader", "batch_size"), 4n);
  assert.equal(trainer(tree, "wandb", "project"), "p");
  assert.equal(trainer(tree, "lr_scheduler"), null);
  assert.equal(trainer(tree, "online_hard_keypoint_mining"), undefined);
});

Deno.test("completeTrainConfig() writes the keys that sleap-nn expects, even of nothing", () => {
  const tree = complete("model_config: {head_configs: {centroid: {}}}\ntrainer_config: null\n");
  assert.equal(getIn(tree, ["data_config", "val_labels_path"]), null);
  assert.equal(trainer(tree, "resume_ckpt_path"), null);
  assert.equal(trainer(tree, "max_epochs"), 100n);
  assert.equal(trainer(tree, "zmq", "publish_port"), null);
  assert.equal(trainer(tree, "wandb"), undefined);
});

Deno.test("completeTrainConfig() applies overrides to both loaders and to the optimizer", () => {
  const tree = complete(FULL, {
    maxEpochs: 20,
    batchSize: 8,
    learningRate: 1,
    trainLabels: ["/l/t.slp"],
    valLabels: ["/l/v.slp"],
    resumeCheckpoint: "/m/last.ckpt",
  });
  assert.equal(trainer(tree, "max_epochs"), 20n);
  assert.equal(trainer(tree, "train_data_loader", "batch_size"), 8n);
  assert.equal(trainer(tree, "train_data_loader", "shuffle"), true);
  assert.equal(trainer(tree, "val_data_loader", "batch_size"), 8n);
  assert.equal(trainer(tree, "optimizer", "lr"), 1);
  assert.equal(trainer(tree, "resume_ckpt_path"), "/m/last.ckpt");
  assert.deepEqual(getIn(tree, ["data_config", "train_labels_path"]), ["/l/t.slp"]);
  assert.deepEqual(getIn(tree, ["data_config", "val_labels_path"]), ["/l/v.slp"]);
});

Deno.test("completeTrainConfig() resolves relative paths and nothing else", () => {
  const tree = complete(FULL);
  const data = (key: string) => getIn(tree, ["data_config", key]);
  assert.deepEqual(data("train_labels_path"), ["/work dir/train.pkg.slp", "/abs/b.slp"]);
  assert.equal(data("val_labels_path"), "/work dir/val.pkg.slp");
  assert.equal(data("test_file_path"), "https://x.y/t.slp");
  const model = (key: string) => getIn(tree, ["model_config", key]);
  assert.equal(model("pretrained_backbone_weights"), "${oc.env:HOME}/w.ckpt");
  assert.equal(model("pretrained_head_weights"), "/work dir/w/${name}.ckpt");
});

Deno.test("completeTrainConfig() leaves ${oc.env:…} for OmegaConf on the training machine", () => {
  const tree = complete(`${MINIMAL}data_config: {train_labels_path: ["\${oc.env:DATA}/t.slp"]}
trainer_config:
  max_epochs: "\${oc.decode:\${oc.env:EPOCHS,5}}"
  optimizer: {lr: "\${oc.env:LR}"}
  wandb: {api_key: "\${oc.env:KEY}"}
`);
  assert.deepEqual(getIn(tree, ["data_config", "train_labels_path"]), ["${oc.env:DATA}/t.slp"]);
  assert.equal(trainer(tree, "max_epochs"), "${oc.decode:${oc.env:EPOCHS,5}}");
  assert.equal(trainer(tree, "optimizer", "lr"), "${oc.env:LR}");
  assert.equal(trainer(tree, "wandb", "api_key"), "${oc.env:KEY}");
});

Deno.test("completeTrainConfig() keeps inserted paths from being interpolated", () => {
  const tree = complete(FULL, { ckptDir: "/a/${b}", baseDir: "/x\\${y}" });
  assert.equal(trainer(tree, "ckpt_dir"), "/a/\\${b}");
  assert.equal(
    getIn(tree, ["model_config", "pretrained_head_weights"]),
    "/x\\\\\\${y}/w/${name}.ckpt",
  );
});

Deno.test("completeTrainConfig() leaves the configuration it was given alone", () => {
  const config = readTrainConfig(FULL, "c.yaml");
  const before = completeTrainConfig(config, SETTINGS);
  completeTrainConfig(config, { ...SETTINGS, batchSize: 99, trainLabels: ["/x"] });
  assert.equal(completeTrainConfig(config, SETTINGS), before);
  assert.equal(trainer(config.value, "wandb", "api_key"), "s3cret");
});

Deno.test("completeTrainConfig() says which section it cannot change", () => {
  assert.throws(
    () => complete(`${MINIMAL}trainer_config: {model_ckpt: "\${x}"}`),
    /Cannot use "c\.yaml": "trainer_config\.model_ckpt" is not a mapping/,
  );
});

Deno.test("MX23-MX26 readHyperparameters() reads a training_config.yaml", () => {
  const text = `data_config:
  use_augmentations_train: true
  augmentation_config:
    intensity: null
    geometric: {rotation_min: -15.0, scale_p: 1.0}
model_config:
  backbone_config:
    unet: {filters: 16, filters_rate: 1.5, stem_stride: null}
    convnext: null
trainer_config:
  train_data_loader: {batch_size: 4}
  max_epochs: 30
  optimizer_name: Adam
  optimizer: {lr: 0.0001, amsgrad: false}
`;
  assert.deepEqual(readHyperparameters(text), {
    learning_rate: 0.0001,
    batch_size: 4,
    optimizer: "Adam",
    max_epochs: 30,
    augmentation: { intensity: null, geometric: { rotation_min: -15, scale_p: 1 } },
    backbone: { name: "unet", filters: 16, filters_rate: 1.5, stem_stride: null },
  });
});

Deno.test("readHyperparameters() gives null for what is not there or not used", () => {
  const text = "data_config: {use_augmentations_train: false, augmentation_config: {a: 1}}";
  assert.deepEqual(readHyperparameters(text), {
    learning_rate: null,
    batch_size: null,
    optimizer: null,
    max_epochs: null,
    augmentation: null,
    backbone: null,
  });
  assert.equal(readHyperparameters("[]").backbone, null);
});

async function read(path: string) {
  return readTrainConfig(await readConfigText(path), path);
}
