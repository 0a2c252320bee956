import assert from "node:assert/strict";
import { JobFolder } from "../../worker/job_folder.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { TrainingWorld } from "../support/training.ts";

const IS_LONG = Boolean(Deno.env.get("SLEAP_RTC_LONG"));
const KILLS = IS_LONG ? 300 : 12;

Deno.test(`the supervisor killed at ${KILLS} random moments: every model is booked`, async () => {
  await using world = await TrainingWorld.create({ batchMs: 10, valLosses: [3, 2, 1] });
  const statuses = new Map<string, number>();
  for (let round = 0; round < KILLS; round++) {
    const training = world.startTrain(["--run-name", `round ${round}`, "--json"]);
    const killed = killSupervisorOf(training.pid, Math.random() * 500);
    const { code, stdout, stderr } = await training.ended;
    await killed;
    assert.ok(code === 0 || code === 6, `round ${round}: exit code ${code}\n${stderr}`);
    const result = JSON.parse(stdout);
    const state = await new JobFolder(world.path(`jobs/${result.job_id}`)).readState();
    assert.equal(state.status, result.status, `round ${round}`);
    statuses.set(result.status, (statuses.get(result.status) ?? 0) + 1);
    for (const model of result.models) {
      assert.ok(["completed", "interrupted", "failed"].includes(model.status), stdout);
      const hasCheckpoint = model.checkpoint !== null && model.checkpoint !== undefined;
      assert.equal(hasCheckpoint, model.status !== "failed", `round ${round}: ${stdout}`);
    }
  }
  const registry = await world.registry();
  for (const entry of await registry.list()) assert.notEqual(entry.status, "training");
  assert.ok(
    !IS_LONG || statuses.size > 1,
    `always ${[...statuses.keys()]}: killed too early or too late`,
  );
});

/** Kill the child that a watching process has started in a session of its own. */
async function killSupervisorOf(watcher: number, afterMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150 + afterMs));
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (Number(parent) !== watcher) continue;
    try {
      Deno.kill(Number(name), "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

Deno.test("the trainer of a killed supervisor does not outlive the booking", async () => {
  await using world = await TrainingWorld.create({ batchMs: 50 });
  const training = world.startTrain();
  let state = null;
  while (!state?.trainer) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const job = await world.job().catch(() => null);
    state = await job?.readState() ?? null;
  }
  Deno.kill(state.supervisor?.pid ?? 0, "SIGKILL");
  await training.ended;
  assert.equal(await isAlive(state.trainer), false);
});
