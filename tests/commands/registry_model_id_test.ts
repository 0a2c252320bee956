import assert from "node:assert/strict";
import { configText, TrainingWorld } from "../support/training.ts";

Deno.test("registry model-id prints the ID that train gives", async () => {
  await using world = await TrainingWorld.create();
  const run = ["--labels", world.labels, "--run-name", "first"];
  const { code, stdout } = await world.cli(["registry", "model-id", world.config, ...run]);
  assert.equal(code, 0);
  const [id, fullHash] = stdout.trim().split(" ");
  assert.equal((await world.train(["--run-name", "first"])).code, 0);
  const entry = await world.model();
  assert.equal(entry.id, id);
  assert.equal(entry.full_hash, fullHash);
});

Deno.test("registry model-id takes labels and run name from the configuration", async () => {
  await using world = await TrainingWorld.create();
  const text = configText()
    .replace("train_labels_path: null", `train_labels_path: ["${world.labels}"]`)
    .concat("  run_name: from_config\n");
  await Deno.writeTextFile(world.config, text);
  const { stdout, stderr } = await world.cli(["registry", "model-id", world.config, "--json"]);
  assert.equal(stderr, "");
  const { id } = JSON.parse(stdout);
  const trained = await world.cli(["train", "--local", "--config", world.config]);
  assert.equal(trained.code, 0, trained.stderr);
  assert.equal((await world.model()).id, id);
});

Deno.test("registry model-id without a run name says that it is the time", async () => {
  await using world = await TrainingWorld.create();
  const args = ["registry", "model-id", world.config, "--labels", world.labels];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 0);
  assert.match(stderr, /No run name is given: this is the ID of a run "\d{6}_\d{6}"/);
});

Deno.test("registry model-id hashes the path of labels that are not there, and says so", async () => {
  await using world = await TrainingWorld.create();
  const args = ["registry", "model-id", world.config, "--labels", "gone.slp", "--run-name", "x"];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 0);
  assert.match(stderr, /warning: cannot read labels "gone\.slp": their path was hashed instead/);
});

Deno.test("registry model-id without labels: exit 2", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.cli(["registry", "model-id", world.config]);
  assert.equal(code, 2);
  assert.match(stderr, /names no labels/);
});

Deno.test("registry model-id of a configuration that is not there: exit 3, that is broken: exit 2", async () => {
  await using world = await TrainingWorld.create();
  const missing = await world.cli(["registry", "model-id", "gone.yaml"]);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /error: .*"gone\.yaml" not found\nhint: /);
  await world.writeConfig("broken.yaml", "a: [1\n");
  const broken = await world.cli(["registry", "model-id", "broken.yaml"]);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /error: .*broken\.yaml/);
});

Deno.test("registry model-id refuses the labels that train refuses, in the same words", async () => {
  await using world = await TrainingWorld.create();
  const labels = `${world.folder}/notes.slp`;
  await Deno.writeTextFile(labels, "no labels");
  const run = ["--labels", labels, "--run-name", "x"];
  const computed = await world.cli(["registry", "model-id", world.config, ...run]);
  const trained = await world.train(run);
  assert.equal(computed.code, 2);
  assert.match(computed.stderr, /error: ".*notes\.slp" is not a SLEAP labels file\nhint: /);
  assert.equal(trained.code, 2);
  assert.ok(trained.stderr.includes(computed.stderr.split("\n")[0] ?? ""), trained.stderr);
  assert.equal(computed.stdout, "");
});
