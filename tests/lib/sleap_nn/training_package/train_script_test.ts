import assert from "node:assert/strict";
import { readTrainScript } from "../../../../lib/sleap_nn/training_package/train_script.ts";
import { shellCommands } from "../../../../lib/sleap_nn/training_package/shell_words.ts";

Deno.test("shellCommands() splits words as a shell does", () => {
  const script = `#!/bin/bash
a 'b c' "d \\"e\\" \\x $F" g\\ h i""j # comment
k \\
  l; m&&n|o
p#q 'multi
line'`;
  assert.deepEqual(shellCommands(script.replaceAll("\n", "\r\n")), [
    ["a", "b c", 'd "e" \\x $F', "g h", "ij"],
    ["k", "l"],
    ["m"],
    ["n"],
    ["o"],
    ["p#q", "multi\nline"],
  ]);
});

Deno.test("shellCommands() ends with an open quote", () => {
  assert.deepEqual(shellCommands("a 'b"), [["a", "b"]]);
  assert.deepEqual(shellCommands('a "b\\'), [["a", "b\\"]]);
});

Deno.test("readTrainScript() reads the lines that SLEAP writes", () => {
  const script = `#!/bin/bash
sleap-nn-train --config-name centroid.yaml --config-dir . trainer_config.ckpt_dir=models trainer_config.run_name=a_1 
sleap-nn-train --config-name centered_instance.yaml --config-dir .
`;
  assert.deepEqual(readTrainScript(script), [
    {
      config: "centroid.yaml",
      overrides: [["trainer_config.ckpt_dir", "models"], ["trainer_config.run_name", "a_1"]],
      labels: [],
    },
    { config: "centered_instance.yaml", overrides: [], labels: [] },
  ]);
});

const configs: readonly [line: string, config: string | null][] = [
  ["sleap-nn train --config-name centroid", "centroid.yaml"],
  ["sleap-nn train -c centroid.yaml -d conf", "conf/centroid.yaml"],
  ["sleap-nn train --config 'a b.yaml'", "a b.yaml"],
  ["sleap-nn train --config=x.yml", "x.yml"],
  ["sleap-nn train x.yaml -c y", "x.yaml"],
  ["sleap-nn train --video-paths v.yaml -c y", "y.yaml"],
  ["sleap-nn train --prefix-map a.yaml b.yaml -c y", "y.yaml"],
  ["CUDA_VISIBLE_DEVICES=0 /opt/bin/sleap-nn train x.yaml", "x.yaml"],
  ["python -m sleap_nn.cli train x.yaml", "x.yaml"],
  ["uv run sleap-nn train x.yaml > log.txt 2>&1", "x.yaml"],
  ["cd models && sleap-train x.json labels.slp", "x.json"],
  ["sleap-nn train data_config.train_labels_path=[a.slp]", null],
];
for (const [line, config] of configs) {
  Deno.test(`readTrainScript() finds the configuration in: ${line}`, () => {
    assert.deepEqual(readTrainScript(line).map((training) => training.config), [config]);
  });
}

Deno.test("readTrainScript() keeps overrides in order and labels of the older form", () => {
  const [training] = readTrainScript(
    'sleap-train c.json l.pkg.slp ++a.b="x y" +c=1 ~d.e= --run_name n path=["a","b"]',
  );
  assert.deepEqual(training, {
    config: "c.json",
    overrides: [["a.b", "x y"], ["c", "1"], ["~d.e", ""], ["path", "[a,b]"]],
    labels: ["l.pkg.slp"],
  });
});

Deno.test("readTrainScript() leaves everything else alone", () => {
  const script = `
# sleap-nn train a.yaml
echo sleap-nn train b.yaml
sleap-nn predict -m models
"sleap-nn train c.yaml"
rm -rf / # sleap-nn train d.yaml
`;
  assert.deepEqual(readTrainScript(script), []);
});
