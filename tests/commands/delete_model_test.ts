import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { findPython } from "../support/python.ts";
import { RegistryBed } from "../support/registry.ts";
import { TrainingWorld } from "../support/training.ts";

const ID = "a3f5e8c9";
const python = await findPython("pty");
const ignore = python === null && Deno.env.get("CI") !== "true";

async function oneModel(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.addCompleted({ id: ID, model_type: "centroid" }, 0.5);
  await bed.registry.setAlias(ID, "mouse");
  return bed;
}

async function hasFolder(bed: RegistryBed): Promise<boolean> {
  const folder = join(bed.folder, "models", `centroid_${ID}`);
  return await Deno.stat(folder).then(() => true, () => false);
}

Deno.test("CM52, CM54 delete-model on a pipe needs --yes: exit 2, and nothing is changed", async () => {
  await using bed = await oneModel();
  const refused = await runCli(["delete-model", "mouse"], { cwd: bed.folder });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /needs --yes/);
  assert.equal((await bed.registry.resolve("mouse")).id, ID);
  const deleted = await runCli(["delete-model", "mouse", "--yes"], { cwd: bed.folder });
  assert.deepEqual([deleted.code, deleted.stdout], [0, `model ${ID} (mouse) is deleted\n`]);
  assert.equal(await hasFolder(bed), false);
  assert.equal((await runCli(["delete-model", ID, "-y"], { cwd: bed.folder })).code, 3);
});

Deno.test("CM53 delete-model --keep-files leaves the files, and says where", async () => {
  await using bed = await oneModel();
  const args = ["delete-model", ID, "--yes", "--keep-files", "--json"];
  const { code, stdout } = await runCli(args, { cwd: bed.folder });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), {
    id: ID,
    deleted: true,
    files_kept_in: join(bed.folder, "models", `centroid_${ID}`),
  });
  assert.ok(await hasFolder(bed));
  assert.equal(await bed.registry.get(ID), null);
});

Deno.test({
  name: "CM54 delete-model on a terminal asks, and everything but a yes is a no",
  ignore,
  async fn() {
    assert.ok(python !== null, "no Python to open a terminal with");
    for (const [answer, code] of [["n", 1], ["", 1], ["y", 0]] as const) {
      await using bed = await oneModel();
      const asked = await runCli(["delete-model", ID], {
        cwd: bed.folder,
        stdin: `${answer}\n`,
        terminalOf: python,
      });
      assert.equal(asked.code, code, asked.stdout);
      assert.match(asked.stdout, /Model: mouse \(a3f5e8c9\), completed\r\n.*Delete\? \[y\/N\]/);
      assert.equal(await hasFolder(bed), code === 1);
    }
  },
});

Deno.test("delete-model and gc leave alone what a job trains: exit 7 with the job's name", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const { id } = await world.model();
  const { jobId } = await world.job();
  const refused = await world.cli(["delete-model", id, "--yes"]);
  assert.equal(refused.code, 7, refused.stderr);
  assert.match(refused.stderr, new RegExp(`being trained by job ${jobId}`));
  const gc = await world.cli(["registry", "gc", "--yes", "--jobs"]);
  assert.deepEqual([gc.code, gc.stdout], [0, "nothing to remove\n"], gc.stderr);
  await goOn();
  assert.equal((await training.ended).code, 0);
  assert.equal((await world.cli(["delete-model", id, "--yes"])).code, 0);
  assert.equal((await world.cli(["registry", "gc", "--yes", "--jobs"])).code, 0);
  await assert.rejects(Deno.stat(world.path(`jobs/${jobId}`)));
});
