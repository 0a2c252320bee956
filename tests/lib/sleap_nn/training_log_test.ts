import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTrainingLog, summarise, TrainingLogTail } from "../../../lib/sleap_nn/training_log.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/training_log/", import.meta.url));
/** sleap-nn 0.0.1, with the row of the sanity check first. */
const OLD = `epoch,train_loss,val_loss,learning_rate,train_time,val_time,A,B
0,,0.0286,0.0001,,,,
0,0.0015,0.0014,0.0001,,,0.1,0.2
1,0.0009,0.0010,0.0002,3.4,0.01,0.1,0.2
`;
const HEADER = "epoch,train/loss,val/loss,learning_rate\r\n";

async function withLog(fn: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(join(folder, "training_log.csv"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function append(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { append: true });
}

Deno.test("readTrainingLog() puts training loss and learning rate back at their epoch", async () => {
  const rows = await readTrainingLog(join(FIXTURES, "best_not_last.csv"));
  assert.deepEqual(rows.map(({ epoch }) => epoch), [0, 1, 2, 3, 4]);
  assert.deepEqual(rows[0], {
    epoch: 0,
    trainLoss: 0.011968796141445637,
    valLoss: 0.0032811565324664116,
    learningRate: 0.003000000026077032,
  });
  assert.deepEqual(rows[4], {
    epoch: 4,
    trainLoss: null,
    valLoss: 0.0008797568152658641,
    learningRate: null,
  });
});

Deno.test("readTrainingLog() reads columns of nodes and a resumed training", async () => {
  const nodes = await readTrainingLog(join(FIXTURES, "centered_instance.csv"));
  assert.equal(nodes.length, 6);
  assert.equal(nodes[4]?.trainLoss, 0.0005403271061368287);
  const resumed = await readTrainingLog(join(FIXTURES, "resumed.csv"));
  assert.deepEqual(resumed.map(({ epoch }) => epoch), [3, 4]);
  assert.equal(resumed[0]?.trainLoss, 0.0005211590905673802);
});

Deno.test("readTrainingLog() reads the columns before 0.1.0 and leaves out the sanity check", async () => {
  await withLog(async (path) => {
    await Deno.writeTextFile(path, OLD);
    assert.deepEqual(await readTrainingLog(path), [
      { epoch: 0, trainLoss: 0.0015, valLoss: 0.0014, learningRate: 0.0001 },
      { epoch: 1, trainLoss: 0.0009, valLoss: 0.001, learningRate: 0.0002 },
    ]);
  });
});

Deno.test("readTrainingLog() reads 0.1.0 to 0.3.1: sanity check and shifted losses", async () => {
  await withLog(async (path) => {
    await Deno.writeTextFile(path, `${HEADER}0,,9,\r\n0,,3,\r\n1,2,2,0.1\r\n2,1,1,0.2\r\n`);
    assert.deepEqual(await readTrainingLog(path), [
      { epoch: 0, trainLoss: 2, valLoss: 3, learningRate: 0.1 },
      { epoch: 1, trainLoss: 1, valLoss: 2, learningRate: 0.2 },
      { epoch: 2, trainLoss: null, valLoss: 1, learningRate: null },
    ]);
  });
});

Deno.test("readTrainingLog() takes commas in node names, nan, inf and empty fields", async () => {
  await withLog(async (path) => {
    const header = 'epoch,train/loss,"train/confmaps/paw, left ""L""",val/loss,learning_rate\r\n';
    await Deno.writeTextFile(path, `${header}0,,1,nan,\r\n1,nan,,0.5,inf\r\n2,0.25,1,,0.1\r\n`);
    assert.deepEqual(await readTrainingLog(path), [
      { epoch: 0, trainLoss: null, valLoss: null, learningRate: null },
      { epoch: 1, trainLoss: 0.25, valLoss: 0.5, learningRate: 0.1 },
      { epoch: 2, trainLoss: null, valLoss: null, learningRate: null },
    ]);
  });
});

Deno.test("readTrainingLog() ignores a torn last line and lines that are no rows", async () => {
  await withLog(async (path) => {
    await Deno.writeTextFile(path, `${HEADER}0,,1,\r\n1,2\r\nx,1,1,1\r\n\0\0\0\r\n\r\n1,2,1,0.1`);
    assert.deepEqual(await readTrainingLog(path), [
      { epoch: 0, trainLoss: null, valLoss: 1, learningRate: null },
    ]);
  });
});

Deno.test("readTrainingLog() finds no rows in a missing, an empty and a foreign file", async () => {
  await withLog(async (path) => {
    assert.deepEqual(await readTrainingLog(path), []);
    await Deno.writeTextFile(path, "");
    assert.deepEqual(await readTrainingLog(path), []);
    await Deno.writeTextFile(path, "a,b\n1,2\n");
    assert.deepEqual(await readTrainingLog(path), []);
  });
});

Deno.test("TrainingLogTail.poll() returns each row once and completes the earlier ones", async () => {
  await withLog(async (path) => {
    const tail = new TrainingLogTail(path);
    assert.deepEqual(await tail.poll(), []);
    await append(path, HEADER + "0,,3,");
    assert.deepEqual(await tail.poll(), []);
    await append(path, "\r\n");
    const first = { epoch: 0, trainLoss: null, valLoss: 3, learningRate: null };
    assert.deepEqual(await tail.poll(), [first]);
    assert.deepEqual(await tail.poll(), []);
    await append(path, "1,2.5,2,0.1\r\n2,1.5,1,0.1\r\n3,0.");
    const later = await tail.poll();
    assert.deepEqual(later.map(({ epoch, trainLoss }) => [epoch, trainLoss]), [[1, 1.5], [
      2,
      null,
    ]]);
    assert.deepEqual(tail.rows[0], { ...first, trainLoss: 2.5, learningRate: 0.1 });
  });
});

Deno.test("TrainingLogTail.poll() reads a file anew that was begun anew", async () => {
  await withLog(async (path) => {
    const tail = new TrainingLogTail(path);
    await Deno.writeTextFile(path, HEADER + "0,,3,\r\n1,1,2,0.1\r\n");
    assert.equal((await tail.poll()).length, 2);
    await Deno.writeTextFile(path, HEADER + "0,,7,\r\n");
    assert.deepEqual((await tail.poll()).map(({ valLoss }) => valLoss), [7]);
    assert.equal(tail.rows.length, 1);
  });
});

Deno.test("TrainingLogTail.poll() agrees with readTrainingLog() at every cut of the file", async () => {
  const path = join(FIXTURES, "best_not_last.csv");
  const bytes = await Deno.readFile(path);
  await withLog(async (growing) => {
    const tail = new TrainingLogTail(growing);
    const seen: number[] = [];
    for (let at = 0; at < bytes.length; at += 37) {
      await Deno.writeFile(growing, bytes.subarray(at, at + 37), { append: true });
      seen.push(...(await tail.poll()).map(({ epoch }) => epoch));
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    assert.deepEqual(tail.rows, await readTrainingLog(path));
  });
});

Deno.test("summarise() counts epochs and finds the first lowest validation loss", async () => {
  assert.deepEqual(summarise(await readTrainingLog(join(FIXTURES, "best_not_last.csv"))), {
    final_val_loss: 0.0008797568152658641,
    best_val_loss: 0.0008621404995210469,
    best_epoch: 3,
    epochs_completed: 5,
  });
  assert.equal(
    summarise(await readTrainingLog(join(FIXTURES, "resumed.csv"))).epochs_completed,
    5,
  );
  const row = { trainLoss: null, learningRate: null };
  const ties = [2, 1, 1].map((valLoss, epoch) => ({ ...row, epoch, valLoss }));
  assert.equal(summarise(ties).best_epoch, 1);
});

Deno.test("summarise() knows no best epoch without a finite loss", () => {
  const none = { final_val_loss: null, best_val_loss: null, best_epoch: null };
  assert.deepEqual(summarise([]), { ...none, epochs_completed: 0 });
  const row = { epoch: 0, trainLoss: 1, valLoss: null, learningRate: 1 };
  assert.deepEqual(summarise([row]), { ...none, epochs_completed: 1 });
});
