import assert from "node:assert/strict";
import { join } from "node:path";
import { makeTrainRequest, type TrainOptions } from "../../../lib/training/train_request.ts";
import { NotFoundError, SleapRtcError, UsageError } from "../../../lib/errors.ts";
import { makeLabels } from "../../support/stand_in.ts";
import { configText } from "../../support/training.ts";
import { buildZip } from "../../support/zip_builder.ts";

/** A folder with `mice.pkg.slp` and configurations; removed at the end of its scope. */
class Bed {
  readonly folder: string;
  readonly labels: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.labels = makeLabels(join(folder, "mice.pkg.slp"));
  }

  static async create(): Promise<Bed> {
    return new Bed(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Write a configuration whose `trainer_config` has `extra` lines. */
  async config(name: string, ...extra: string[]): Promise<string> {
    const lines = extra.map((line) => `  ${line}\n`).join("");
    await Deno.writeTextFile(this.path(name), configText("centroid", 3, lines));
    return this.path(name);
  }

  async request(options: Partial<TrainOptions>) {
    return await makeTrainRequest({
      configs: [],
      overrides: {},
      uploads: this.path("uploads"),
      ...options,
    });
  }

  /** The error that a request is refused with. */
  async refused(options: Partial<TrainOptions>): Promise<SleapRtcError> {
    const error = await this.request(options).catch((thrown) => thrown);
    assert.ok(error instanceof SleapRtcError, String(error));
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("a configuration that continues from a checkpoint is refused", async () => {
  await using bed = await Bed.create();
  const config = await bed.config("c.yaml", "resume_ckpt_path: old/last.ckpt");
  const error = await bed.refused({ configs: [config], labels: bed.labels });
  assert.ok(error instanceof UsageError);
  assert.equal(
    error.message,
    `"${config}" asks to continue from "old/last.ckpt" (trainer_config.resume_ckpt_path)`,
  );
  assert.equal(error.hint, "Remove it: a training here begins anew.");
  for (const unset of ["null", '""']) {
    const plain = await bed.config("plain.yaml", `resume_ckpt_path: ${unset}`);
    await bed.request({ configs: [plain], labels: bed.labels });
  }
});

Deno.test("one warning names the settings that a supervised training replaces", async () => {
  await using bed = await Bed.create();
  const odd = await bed.config(
    "odd.yaml",
    "save_ckpt: false",
    "enable_progress_bar: true",
    "ckpt_dir: /elsewhere",
    "model_ckpt: {save_top_k: 3, save_last: true}",
    "zmq: {publish_port: 9001, controller_port: null}",
  );
  const plain = await bed.config("plain.yaml", "save_ckpt: true", "model_ckpt: {save_last: null}");
  const barred = await bed.config("barred.yaml", "enable_progress_bar: true");
  const { warnings } = await bed.request({ configs: [odd, plain, barred], labels: bed.labels });
  assert.deepEqual(warnings, [
    `"${odd}", "${barred}": sleap-rtc sets trainer_config.save_ckpt, ` +
    "trainer_config.enable_progress_bar, trainer_config.model_ckpt.save_top_k, " +
    "trainer_config.ckpt_dir, trainer_config.zmq.publish_port itself; " +
    "their values there are not used",
  ]);
  assert.deepEqual(
    (await bed.request({ configs: [plain], labels: bed.labels })).warnings,
    [],
  );
});

Deno.test("max_epochs of a configuration must be a count", async () => {
  await using bed = await Bed.create();
  const bad = ["0", "-1", "1.5", ".nan", ".inf", "9".repeat(400), "true", "[1]", '"many"'];
  for (const value of bad) {
    const config = bed.path("c.yaml");
    const text = configText().replace("max_epochs: 3", `max_epochs: ${value}`);
    await Deno.writeTextFile(config, text);
    const error = await bed.refused({ configs: [config], labels: bed.labels });
    assert.ok(error instanceof UsageError, value);
    assert.match(error.message, /c\.yaml": trainer_config\.max_epochs is /, value);
    assert.ok(error.message.length < 300);
    assert.equal(error.hint, "Give the total number of epochs, a whole number of at least 1.");
  }
});

Deno.test("max_epochs of a package's script must be a count", async () => {
  await using bed = await Bed.create();
  const labels = await Deno.readFile(bed.labels);
  for (const value of ["0", "-1", "1.5", "nan", "1e400", "9".repeat(400)]) {
    const zip = bed.path("job.zip");
    const script = `sleap-nn train --config c.yaml trainer_config.max_epochs=${value}\n`;
    await Deno.writeFile(
      zip,
      buildZip([
        { name: "train-script.sh", data: script },
        { name: "c.yaml", data: configText() },
        { name: "mice.pkg.slp", data: labels },
      ]),
    );
    const error = await bed.refused({ package: zip });
    assert.ok(error instanceof UsageError, value);
    assert.match(error.message, /job\.zip\/c\.yaml": trainer_config\.max_epochs is /, value);
  }
});

Deno.test("hints name the option that the file came from", async () => {
  await using bed = await Bed.create();
  const config = await bed.config("c.yaml");
  const text = await Deno.readTextFile(config);
  const hintOf = async (options: Partial<TrainOptions>) => {
    const { message, hint = "" } = await bed.refused({ configs: [config], ...options });
    return `${message}\n${hint}`;
  };
  const notLabels = { labels: config };
  assert.match(await hintOf(notLabels), /not a SLEAP labels file\nGive .* with --labels, or /);
  assert.match(
    await hintOf({ package: config }),
    /not a SLEAP labels file\nGive a \.pkg\.slp file or a training package \(\.zip\) with --pkg-path/,
  );
  assert.match(
    await hintOf({ labels: bed.labels, valLabels: config }),
    /not a SLEAP labels file\nGive a \.slp or \.pkg\.slp file with --val-labels\.$/,
  );
  for (const [option, value] of [["--pkg-path", "package"], ["--labels", "labels"]]) {
    const hint = await hintOf({ [value ?? ""]: "gone.slp" });
    assert.match(hint, new RegExp(`there is no such file\n.*with ${option}\\.$`));
  }
  await Deno.writeTextFile(
    config,
    text.replace("train_labels_path: null", "train_labels_path: t.slp"),
  );
  assert.match(
    await hintOf({}),
    /"t\.slp": there is no such file\n.*data_config\.train_labels_path .*c\.yaml".*--labels\.$/,
  );
  await Deno.writeTextFile(
    config,
    text.replace("train_labels_path: null", `train_labels_path: ${bed.labels}`)
      .replace("val_labels_path: null", "val_labels_path: v.slp"),
  );
  assert.match(
    await hintOf({}),
    /"v\.slp": there is no such file\n.*data_config\.val_labels_path .*c\.yaml".*--val-labels\.$/,
  );
});

Deno.test("validation labels that --val-labels replaces need not exist", async () => {
  await using bed = await Bed.create();
  const config = await bed.config("c.yaml");
  const text = (await Deno.readTextFile(config))
    .replace("train_labels_path: null", `train_labels_path: ${bed.labels}`)
    .replace("val_labels_path: null", "val_labels_path: gone.slp");
  await Deno.writeTextFile(config, text);
  const { spec } = await bed.request({ configs: [config], valLabels: bed.labels });
  assert.equal(spec.val_labels_path, bed.labels);
  const both = await bed.refused({ configs: [config], labels: bed.labels });
  assert.ok(both instanceof NotFoundError, "they are trained with, whoever names the others");
});

Deno.test("labels behind ${oc.env:…} are for the training machine to find", async () => {
  await using bed = await Bed.create();
  const config = await bed.config("c.yaml");
  const text = (await Deno.readTextFile(config))
    .replace("train_labels_path: null", 'train_labels_path: "${oc.env:NO_SUCH}/mice.slp"');
  await Deno.writeTextFile(config, text);
  const { spec, configs } = await bed.request({ configs: [config] });
  assert.equal(spec.labels_path, null);
  assert.equal(spec.models[0]?.labels_sha256, null);
  assert.equal(configs.get("configs/0.yaml"), text, "it goes out as it was given");
});

Deno.test("--pkg-path and --labels together are refused without contradiction", async () => {
  await using bed = await Bed.create();
  const config = await bed.config("c.yaml");
  const both = { configs: [config], labels: bed.labels, package: bed.labels };
  const { message, hint } = await bed.refused(both);
  assert.equal(message, "--labels and --pkg-path both name the labels");
  assert.equal(hint, "Give one of them.");
  const zip = bed.path("empty.zip");
  await Deno.writeFile(zip, buildZip([{ name: "c.yaml", data: configText() }]));
  const noLabels = await bed.refused({ package: zip });
  assert.match(noLabels.message, /holds no labels/);
  assert.match(
    noLabels.hint ?? "",
    /unpack it and give .* with --config and the labels with --labels/,
  );
});

Deno.test("labels without a configuration: the hint fits what was given", async () => {
  await using bed = await Bed.create();
  const nothing = await bed.refused({ labels: bed.labels });
  assert.match(nothing.hint ?? "", /--config FILE\.yaml, or instead of --labels a .*--pkg-path/);
  const packed = await bed.refused({ package: bed.labels });
  assert.equal(packed.hint, `"${bed.labels}" holds labels only: add --config FILE.yaml.`);
});
