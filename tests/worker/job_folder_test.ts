import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, NotFoundError } from "../../lib/errors.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import {
  isFinalStatus,
  JobFolder,
  type JobResult,
  type JobState,
  NewerJobError,
} from "../../worker/job_folder.ts";

const JOB = "job_11111111";
const TIME = "2026-11-24T08:00:00.000Z";
const CONFIGS = new Map([["configs/0.yaml", "trainer_config: {}\n"]]);

const SPEC: JobSpec = {
  version: 1,
  job_id: JOB,
  type: "train",
  created_at: TIME,
  models: [{
    config: "configs/0.yaml",
    model_type: "centroid",
    run_name: "first",
    full_hash: "a".repeat(64),
    dataset: "mice.slp",
    training_job_hash: null,
    labels_sha256: null,
    script_overrides: [],
  }],
  labels_path: "/data/mice.slp",
  val_labels_path: null,
  base_dir: "/data",
  overrides: { max_epochs: 3 },
};

const STATE: JobState = {
  version: 1,
  job_id: JOB,
  status: "queued",
  updated_at: TIME,
  starter: null,
  supervisor: null,
  trainer: null,
  models: [{ model_id: null, status: "pending" }],
};

const RESULT: JobResult = {
  version: 1,
  job_id: JOB,
  status: "succeeded",
  error: null,
  finished_at: TIME,
  models: [{ model_id: "aaaaaaaa", status: "completed" }],
};

async function inRoot(use: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function create(root: string): Promise<JobFolder> {
  return JobFolder.create(root, SPEC, STATE, CONFIGS);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test("JobFolder.create() writes all of a job, for its owner only", () =>
  inRoot(async (root) => {
    const folder = await create(root);
    assert.equal(folder.path, join(root, "jobs", JOB));
    assert.equal(folder.root, root);
    assert.equal(folder.jobId, JOB);
    assert.deepEqual(await folder.readSpec(), SPEC);
    assert.deepEqual(await folder.readState(), STATE);
    assert.equal(await folder.readConfig("configs/0.yaml"), "trainer_config: {}\n");
    assert.equal(await folder.readResult(), null);
    assert.deepEqual(await namesIn(join(root, "jobs")), [JOB]);
    assert.equal(await modeOf(folder.path), 0o700);
    assert.equal(await modeOf(join(folder.path, "configs/0.yaml")), 0o600);
  }));

Deno.test("JobFolder.create() never replaces a job, and leaves nothing behind when it fails", () =>
  inRoot(async (root) => {
    const folder = await create(root);
    await folder.writeResult(RESULT);
    await assert.rejects(create(root));
    assert.deepEqual(await folder.readResult(), RESULT);
    assert.deepEqual(await namesIn(join(root, "jobs")), [JOB]);
  }));

Deno.test("state and result are replaced whole", () =>
  inRoot(async (root) => {
    const folder = await create(root);
    const before = await namesIn(folder.path);
    await folder.writeState({ ...STATE, status: "running" });
    assert.equal((await folder.readState()).status, "running");
    await folder.writeResult(RESULT);
    assert.deepEqual(await folder.readResult(), RESULT);
    assert.deepEqual(await namesIn(folder.path), [...before, "result.json"].sort());
  }));

Deno.test("a job that is not there: NotFoundError with its ID and path", () =>
  inRoot(async (root) => {
    const folder = new JobFolder(join(root, "jobs", JOB));
    for (const reading of [() => folder.readSpec(), () => folder.readState()]) {
      await assert.rejects(
        reading,
        (error) =>
          error instanceof NotFoundError && error.exitCode === 3 &&
          error.message.includes(`"${JOB}"`) && error.message.includes(folder.path),
      );
    }
    assert.equal(await folder.readResult(), null);
  }));

Deno.test("a damaged file: ConflictError with its path", () =>
  inRoot(async (root) => {
    const folder = await create(root);
    for (const damage of ["", "{", "null", "[]", '{"version":1}', '{"version":"2"}']) {
      for (const name of ["spec.json", "state.json", "result.json"]) {
        await Deno.writeTextFile(join(folder.path, name), damage);
      }
      for (
        const [name, reading] of [
          ["spec.json", () => folder.readSpec()],
          ["state.json", () => folder.readState()],
          ["result.json", () => folder.readResult()],
        ] as const
      ) {
        await assert.rejects(reading, (error) =>
          error instanceof ConflictError && error.exitCode === 7 &&
          error.message === `Cannot read "${join(folder.path, name)}": it is damaged`);
      }
    }
  }));

Deno.test("a file of a newer program is told from a damaged one", () =>
  inRoot(async (root) => {
    const folder = await create(root);
    await Deno.writeTextFile(folder.statePath, '{"version":2}');
    await assert.rejects(folder.readState(), (error) =>
      error instanceof NewerJobError && error.exitCode === 7 &&
      error.message === `Cannot read "${folder.statePath}": a newer sleap-rtc wrote it`);
  }));

Deno.test("JobFolder.list() gives jobs by name, and nothing else", () =>
  inRoot(async (root) => {
    assert.deepEqual(await JobFolder.list(root), []);
    for (const name of ["job_22222222", "job_11111111", ".new-job_33333333", "notes"]) {
      await Deno.mkdir(join(root, "jobs", name), { recursive: true });
    }
    const ids = (await JobFolder.list(root)).map(({ jobId }) => jobId);
    assert.deepEqual(ids, ["job_11111111", "job_22222222"]);
  }));

Deno.test("JobFolder.removeUnfinished() removes what is an hour old, and no job", () =>
  inRoot(async (root) => {
    await JobFolder.removeUnfinished(root);
    const old = new Date(Date.now() - 3_700_000);
    for (const name of [".new-job_22222222", ".new-job_33333333", JOB]) {
      await Deno.mkdir(join(root, "jobs", name, "configs"), { recursive: true });
      if (!name.endsWith("3")) await Deno.utime(join(root, "jobs", name), old, old);
    }
    await JobFolder.removeUnfinished(root);
    assert.deepEqual(await namesIn(join(root, "jobs")), [".new-job_33333333", JOB]);
  }));

Deno.test("isFinalStatus() is true of every status but queued and running", () => {
  for (const status of ["queued", "running"] as const) assert.equal(isFinalStatus(status), false);
  for (const status of ["succeeded", "failed", "cancelled", "interrupted"] as const) {
    assert.equal(isFinalStatus(status), true);
  }
});
