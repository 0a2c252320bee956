import assert from "node:assert/strict";
import { trainerEnvironment } from "../../../lib/sleap_nn/trainer_environment.ts";

Deno.test("trainerEnvironment() keeps the user's environment and sets what a trainer needs", () => {
  const base = { PATH: "/usr/bin", HOME: "/home/kim", CUDA_VISIBLE_DEVICES: "1", TMPDIR: "/tmp" };
  assert.deepEqual(trainerEnvironment(base, { tempFolder: "/data/job/tmp" }), {
    PATH: "/usr/bin",
    HOME: "/home/kim",
    CUDA_VISIBLE_DEVICES: "1",
    TMPDIR: "/data/job/tmp",
    PYTHONUNBUFFERED: "1",
    NO_COLOR: "1",
  });
  assert.equal(base.TMPDIR, "/tmp");
});

Deno.test("trainerEnvironment() removes a distributed run's place, forced colour and our secrets", () => {
  const misleading = {
    SLURM_JOB_ID: "7",
    SLURM_PROCID: "3",
    RANK: "3",
    LOCAL_RANK: "1",
    WORLD_SIZE: "4",
    NODE_RANK: "0",
    FORCE_COLOR: "1",
    SLEAP_RTC_ROOM_SECRET: "hush",
    sleap_rtc_home: "/home/kim/.sleap-rtc",
  };
  const environment = trainerEnvironment(misleading, { tempFolder: "/t" });
  assert.deepEqual(Object.keys(environment).sort(), ["NO_COLOR", "PYTHONUNBUFFERED", "TMPDIR"]);
});

Deno.test("trainerEnvironment() gives the run's own key of Weights & Biases", () => {
  const base = { WANDB_API_KEY: "theirs", OMP_NUM_THREADS: "8" };
  const environment = trainerEnvironment(base, { tempFolder: "/t", wandbApiKey: "this run's" });
  assert.equal(environment["WANDB_API_KEY"], "this run's");
  assert.equal(environment["OMP_NUM_THREADS"], "8");
  assert.equal(trainerEnvironment(base, { tempFolder: "/t" })["WANDB_API_KEY"], "theirs");
});
