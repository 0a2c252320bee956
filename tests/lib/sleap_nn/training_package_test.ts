import assert from "node:assert/strict";
import { join } from "node:path";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import {
  openTrainingPackage,
  type TrainingPackage,
} from "../../../lib/sleap_nn/training_package.ts";
import { buildZip } from "../../support/zip_builder.ts";

const LABELS = "labels of two animals".repeat(5000);

function configText(head: string, data = "{}"): string {
  return `data_config: ${data}
model_config:
  head_configs: {${head}: {}}
  backbone_config: {unet: {}}
`;
}

async function withPackage(
  files: Readonly<Record<string, string>>,
  use: (open: () => Promise<TrainingPackage>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "job.zip");
    const entries = Object.entries(files).map(([name, data]) => ({ name, data }));
    await Deno.writeFile(path, buildZip(entries));
    await use(() => openTrainingPackage(path), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesOf(training: TrainingPackage): string[] {
  return training.configs.map(({ name }) => name);
}

const scripted = {
  "train-script.sh":
    "sleap-nn-train --config-name centroid.yaml --config-dir . trainer_config.run_name=c1\n" +
    "sleap-nn-train --config-name a_instance.yaml --config-dir .\n",
  "centroid.yaml": configText("centroid"),
  "a_instance.yaml": configText("centered_instance"),
  "unused.yaml": configText("bottomup"),
  "jobs.yaml": "training: []\n",
  "labels.pkg.slp": LABELS,
};

for (const prefix of ["", "labels.v001.slp.training_job/"]) {
  Deno.test(`openTrainingPackage() reads files ${prefix === "" ? "at the root" : "in a folder"}`, () => {
    const entries = Object.entries(scripted).map(([name, text]) => [prefix + name, text]);
    const files = { ...Object.fromEntries(entries), "__MACOSX/._labels.pkg.slp": "x" };
    return withPackage(files, async (open, folder) => {
      const training = await open();
      assert.deepEqual(namesOf(training), ["centroid.yaml", "a_instance.yaml"]);
      assert.equal(training.configs[0]?.text, scripted["centroid.yaml"]);
      assert.deepEqual(training.configs[0]?.overrides, [["trainer_config.run_name", "c1"]]);
      assert.equal(training.labelsName, "labels.pkg.slp");
      assert.equal(training.valLabelsName, null);
      const path = await training.extractLabels(join(folder, "out"));
      assert.equal(path, join(folder, "out", "labels.pkg.slp"));
      assert.equal(await Deno.readTextFile(path), LABELS);
      assert.equal(await training.extractValLabels(join(folder, "out")), null);
    });
  });
}

Deno.test("openTrainingPackage() takes all configurations in name order without a script", () => {
  const { "train-script.sh": _, ...files } = scripted;
  return withPackage({ ...files, "models/old/training_config.yaml": "x: 1" }, async (open) => {
    assert.deepEqual(namesOf(await open()), ["a_instance.yaml", "centroid.yaml", "unused.yaml"]);
  });
});

Deno.test("openTrainingPackage() tells training from validation labels by the configuration", () => {
  const paths = '{train_labels_path: ["C:\\\\x\\\\t.pkg.slp"], val_labels_path: ["/y/v.pkg.slp"]}';
  const files = {
    "c.yaml": configText("centroid", paths),
    "v.pkg.slp": "val",
    "t.pkg.slp": "train",
    "raw.slp": "raw",
  };
  return withPackage(files, async (open, folder) => {
    const training = await open();
    assert.equal(training.labelsName, "t.pkg.slp");
    assert.equal(training.valLabelsName, "v.pkg.slp");
    assert.equal(await training.extractValLabels(folder), join(folder, "v.pkg.slp"));
    assert.equal(await Deno.readTextFile(join(folder, "v.pkg.slp")), "val");
  });
});

Deno.test("openTrainingPackage() tells labels apart by the script", () => {
  const files = {
    "train-script.sh": 'sleap-nn train c.yaml data_config.train_labels_path=["sub/b.slp"]',
    "c.yaml": configText("centroid"),
    "a.slp": "a",
    "sub/b.slp": "b",
  };
  return withPackage(files, async (open) => {
    assert.equal((await open()).labelsName, "sub/b.slp");
  });
});

const { "labels.pkg.slp": _labels, ...withoutLabels } = scripted;
const config = configText("centroid");
const refusedPackages: readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  problem: RegExp,
][] = [
  ["without labels", withoutLabels, /job\.zip" holds no labels \(\.pkg\.slp\)/],
  ["without a configuration", { "labels.pkg.slp": "x" }, /holds no training configuration/],
  ["with nothing in it", {}, /holds no training configuration/],
  [
    "with several labels",
    { "c.yaml": config, "a.pkg.slp": "a", "b.pkg.slp": "b" },
    /several labels files: a\.pkg\.slp, b\.pkg\.slp/,
  ],
  [
    "with several folders",
    { "x/c.yaml": config, "y/c.yaml": config },
    /several folders: x\/ y\//,
  ],
  [
    "whose script trains nothing",
    { ...scripted, "train-script.sh": "sleap-nn predict\n" },
    /train-script\.sh" trains nothing/,
  ],
  [
    "whose script names a missing configuration",
    { ...scripted, "train-script.sh": "sleap-nn train x.yaml\n" },
    /trains "x\.yaml", which is not in the package/,
  ],
  [
    "whose script leads out of it",
    { ...scripted, "train-script.sh": "sleap-nn train ../../x.yaml\n" },
    /trains "\.\.\/\.\.\/x\.yaml", which is not in the package/,
  ],
  [
    "whose script names no configuration",
    { ...scripted, "train-script.sh": "sleap-nn train a=1\n" },
    /trains without naming a configuration/,
  ],
  [
    "of SLEAP 1.4",
    { "c.json": '{"data": {}, "model": {"heads": {}}}', "l.pkg.slp": "x" },
    /c\.json" is a training profile of SLEAP 1\.4 or older/,
  ],
  [
    "with a configuration that does not parse",
    { "c.yaml": "a: [1", "l.pkg.slp": "x" },
    /Cannot read ".*job\.zip\/c\.yaml" as YAML: line 1/,
  ],
  [
    "with a configuration that is not text",
    { "c.yaml": "\0", "l.pkg.slp": "x" },
    /the character U\+0000/,
  ],
];
for (const [what, files, problem] of refusedPackages) {
  Deno.test(`openTrainingPackage() refuses a package ${what}`, () =>
    withPackage(files, async (open) => {
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, problem);
        return true;
      });
    }));
}

Deno.test("openTrainingPackage() explains variables in a script", () =>
  withPackage({ ...scripted, "train-script.sh": "sleap-nn train -c $M\n" }, async (open) => {
    await assert.rejects(open(), { hint: /read, not run/ });
  }));

Deno.test("openTrainingPackage() refuses labels that declare themselves a bomb", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "job.zip");
    const entries = [{ name: "c.yaml", data: config }, {
      name: "l.slp",
      data: "x",
      size: 1e10,
      zip64: true,
    }];
    await Deno.writeFile(path, buildZip(entries));
    await assert.rejects(openTrainingPackage(path), /would unpack to 10000000000 bytes/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("openTrainingPackage() says when there is no such file", async () => {
  await assert.rejects(openTrainingPackage("/none/job.zip"), NotFoundError);
});
