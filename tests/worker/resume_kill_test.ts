import assert from "node:assert/strict";
import { assertAllSix, assertSound, eventsOf, LOSSES } from "../support/resuming.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import type { RunningCli } from "../support/cli.ts";
import { TrainingWorld } from "../support/training.ts";

const IS_LONG = Boolean(Deno.env.get("SLEAP_RTC_LONG"));
const KILLS = IS_LONG ? 200 : 12;

Deno.test(`4.1.3 the supervisor killed at ${KILLS} random moments, and resumed after each`, async () => {
  await using world = await TrainingWorld.create({ valLosses: LOSSES, batchMs: 12 });
  let kills = 0;
  let rounds = 0;
  const done = new Set<string>();
  while (kills < KILLS) {
    const run = world.startTrain(["--max-epochs", "6", "--run-name", `round ${rounds++}`]);
    let code = await endKilled(run);
    kills++;
    const id = (await newestModel(world))?.id;
    if (id === undefined || done.has(id)) continue; // killed before it was registered
    while (code !== 0) {
      await assertSound(world);
      const status = (await newestModel(world))?.status;
      assert.ok(status === "interrupted" || status === "failed", status ?? "no model");
      const restart = status === "failed" ? ["--restart"] : [];
      const resumed = world.start(["train", "--local", "--resume", id, ...restart]);
      const isLast = kills >= KILLS;
      code = isLast ? (await resumed.ended).code : await endKilled(resumed);
      if (!isLast) kills++;
      if (isLast) assert.equal(code, 0);
    }
    const entry = await newestModel(world);
    assert.equal(entry?.id, id, "no model but this one");
    if (entry !== undefined) await assertAllSix(world, entry);
    done.add(id);
  }
  await assertContinuous(world);
});

async function newestModel(world: TrainingWorld): Promise<ModelEntry | undefined> {
  const [entry] = await (await world.registry()).list();
  return entry;
}

/** Kill the supervisor that a command has started, at a random moment; the command's exit code. */
async function endKilled(run: RunningCli): Promise<number> {
  const timer = setTimeout(() => void killChild(run.pid), 250 + Math.random() * 500);
  const { code, stderr } = await run.ended;
  clearTimeout(timer);
  assert.ok(code === 0 || code === 6, stderr);
  return code;
}

async function killChild(parent: number): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) !== parent) continue;
    try {
      Deno.kill(Number(name), "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

/** Every trainer has reported its epochs without a gap from the one after its checkpoint on. */
async function assertContinuous(world: TrainingWorld): Promise<void> {
  let next = 0;
  for (const event of await eventsOf(world)) {
    if (event.type === "trainer_started") next = (event.started_from?.epoch ?? -1) + 1;
    if (event.type === "epoch") assert.equal(event.epoch, next++);
  }
}
