import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../../lib/files/hash.ts";
import {
  decodeSubmit,
  encodeSubmit,
  type SubmitMessage,
} from "../../../lib/protocol/job_submit.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { Submissions } from "../../../worker/handlers/submissions.ts";
import { makeLabels } from "../../support/stand_in.ts";
import { configText } from "../../support/training.ts";
import { WorkerBed } from "../../support/worker_bed.ts";

const KEY = "0123456789abcdef";

/** What a client of its own is answered. */
async function submit(
  bed: WorkerBed,
  submission: Record<string, unknown>,
): Promise<SubmitMessage | null> {
  let answer: SubmitMessage | null = null;
  const submissions = new Submissions(bed.context, {
    send: (text) => {
      answer = decodeSubmit(text);
      return Promise.resolve();
    },
  });
  const asked = { type: "train", ...submission };
  await submissions.receive(encodeSubmit({ type: "submit", clientJobId: "c", submission: asked }));
  return answer;
}

async function accepted(bed: WorkerBed, submission: Record<string, unknown>): Promise<string> {
  const answer = await submit(bed, submission);
  if (answer?.type !== "accepted") throw new Error(JSON.stringify(answer));
  return answer.jobId;
}

async function refused(bed: WorkerBed, submission: Record<string, unknown>, code: number) {
  const answer = await submit(bed, submission);
  assert.equal(answer?.type, "rejected", JSON.stringify(answer));
  assert.equal(answer?.type === "rejected" && answer.errors[0]?.exit_code, code);
}

async function uploadLabels(bed: WorkerBed): Promise<string> {
  const temp = makeLabels(join(bed.root, "mice.pkg.slp"));
  const folder = join(bed.root, "uploads", await sha256File(temp));
  await Deno.mkdir(folder, { recursive: true });
  await Deno.rename(temp, join(folder, "mice.pkg.slp"));
  return join(folder, "mice.pkg.slp");
}

Deno.test("a submission with a key that was taken is answered with its job, come what may", async () => {
  await using bed = await WorkerBed.create();
  const labels_path = await uploadLabels(bed);
  const training = { config_content: configText(), labels_path, idempotency_key: KEY };
  const [one, same] = await Promise.all([accepted(bed, training), accepted(bed, training)]);
  assert.equal(one, same);
  assert.equal((await JobFolder.list(bed.root)).length, 2, "and the one that has ended");
  await Deno.remove(labels_path);
  assert.equal(await accepted(bed, training), one, "its files are not looked for again");
  await refused(bed, { ...training, idempotency_key: "another-key" }, 3);
  assert.equal((await JobFolder.list(bed.root)).length, 2);
  await refused(bed, { ...training, idempotency_key: "../../x" }, 2);
});

Deno.test("without a key every submission is a job of its own", async () => {
  await using bed = await WorkerBed.create();
  const training = { config_content: configText(), labels_path: await uploadLabels(bed) };
  assert.notEqual(await accepted(bed, training), await accepted(bed, training));
});

Deno.test("a model is resumed with what it was trained with: nothing else is taken", async () => {
  await using bed = await WorkerBed.create();
  const { registry } = bed.context;
  await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
  const resume_model = "a3f5";
  const others = {
    config_content: configText(),
    config_paths: ["a.yaml"],
    labels_path: "/x.slp",
    package_path: "/x.zip",
    run_name: "other",
    batch_size: 3,
    learning_rate: 0.1,
  };
  for (const [key, value] of Object.entries(others)) {
    await refused(bed, { resume_model, [key]: value }, 2);
  }
  await refused(bed, { restart: true, config_content: configText() }, 2);
  await refused(bed, { resume_model: "ffff" }, 3);
});
