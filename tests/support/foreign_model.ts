/**
 * Folders of models that were trained without this program.
 *
 * @module
 */
import { join } from "node:path";
import { checkpointBytes } from "./checkpoint.ts";

/** What differs from a sound centroid model of sleap-nn. */
export interface ForeignModelOptions {
  /** @default {"centroid"} */
  type?: string;
  /** @default {"night"} */
  runName?: string;
  /** 0-based epoch of the checkpoint: tells models apart. @default {2} */
  epoch?: number;
  /** @default {"/data/mice.pkg.slp"} */
  labels?: string;
}

/** Header and rows of a log of three epochs; the best one is the second. */
const LOG = "epoch,train/loss,val/loss,learning_rate\r\n" +
  "0,,0.5,0.001\r\n1,0.4,0.2,0.001\r\n2,0.1,0.3,0.001\r\n";

/** Write the folder of a model as sleap-nn leaves it. */
export async function writeForeignModel(
  folder: string,
  options: ForeignModelOptions = {},
): Promise<void> {
  const { type = "centroid", runName = "night", epoch = 2, labels = "/data/mice.pkg.slp" } =
    options;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeFile(join(folder, "best.ckpt"), await checkpointBytes({ epoch }));
  await Deno.writeTextFile(join(folder, "training_log.csv"), LOG);
  await Deno.writeTextFile(
    join(folder, "training_config.yaml"),
    `data_config:
  train_labels_path: [${labels}]
model_config:
  backbone_config: {unet: {filters: 16}, convnext: null}
  head_configs: {single_instance: null, ${type}: {confmaps: {sigma: 1.5}}}
trainer_config:
  run_name: ${runName}
  max_epochs: 30
  optimizer_name: Adam
  optimizer: {lr: 0.001}
  train_data_loader: {batch_size: 4}
sleap_nn_version: 0.3.5
`,
  );
}

/** Write the folder of a bottom-up model as SLEAP 1.4 and older left it. */
export async function writeLegacyModel(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const hdf5 = new Uint8Array(2048);
  hdf5.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
  await Deno.writeFile(join(folder, "best_model.h5"), hdf5);
  await Deno.writeTextFile(
    join(folder, "training_log.csv"),
    "epoch,loss,lr,val_loss\n0,0.02,0.0001,0.03\n1,0.01,0.0001,0.015\n",
  );
  const config = {
    data: { labels: { training_labels: "C:\\data\\flies.slp" } },
    model: {
      backbone: { leap: null, unet: { filters: 8 } },
      heads: { single_instance: null, centroid: null, multi_instance: { confmaps: {} } },
    },
    optimization: {
      epochs: 200,
      batch_size: 4,
      optimizer: "adam",
      initial_learning_rate: 0.0001,
      augmentation_config: { rotate: true },
    },
    outputs: { run_name: "210505_flies" },
    sleap_version: "1.2.9",
  };
  await Deno.writeTextFile(join(folder, "training_config.json"), JSON.stringify(config));
}

/** Paths and contents of a folder, links as what they lead to. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (!isDirectory) found[name] = new TextDecoder("latin1").decode(await Deno.readFile(path));
    else {
      for (const [inner, text] of Object.entries(await snapshot(path))) {
        found[`${name}/${inner}`] = text;
      }
    }
  }
  return found;
}
