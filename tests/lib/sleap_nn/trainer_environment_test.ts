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

Deno.test("trainerEnvironment() sets threads unless the user did", () => {
  const settings = { tempFolder: "/t", threads: 2 };
  assert.equal(trainerEnvironment({}, settings)["OMP_NUM_THREADS"], "2");
  const base = { OMP_NUM_THREADS: "8" };
  assert.equal(trainerEnvironment(base, settings)["OMP_NUM_THREADS"], "8");
  assert.equal(trainerEnvironment(base, { tempFolder: "/t" })["OMP_NUM_THREADS"], "8");
});

Deno.test("trainerEnvironment() hides the GPUs and gives a key where that is asked for", () => {
  const environment = trainerEnvironment(
    { CUDA_VISIBLE_DEVICES: "0,1", WANDB_API_KEY: "theirs" },
    { tempFolder: "/t", cpuOnly: true, wandbApiKey: "this run's" },
  );
  assert.equal(environment["CUDA_VISIBLE_DEVICES"], "");
  assert.equal(environment["WANDB_API_KEY"], "this run's");
});
