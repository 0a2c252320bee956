import assert from "node:assert/strict";
import { type CliResult, runCli } from "../support/cli.ts";
import { findPython } from "../support/python.ts";
import { RegistryBed } from "../support/registry.ts";
import { RoomWorld } from "../support/room_world.ts";

const A = "aaaa0001";
const B = "bbbb0002";

const python = await findPython("pty");
const ignore = python === null && Deno.env.get("CI") !== "true";

async function twoModels(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.addCompleted({ id: A, model_type: "centroid" }, 0.001);
  await bed.add({ id: B, model_type: "centered_instance" });
  return bed;
}

async function tag(bed: RegistryBed, ...args: string[]): Promise<CliResult> {
  return await runCli(["tag-model", ...args], { cwd: bed.folder });
}

async function aliases(bed: RegistryBed): Promise<Record<string, string>> {
  const all = await bed.registry.aliases();
  return Object.fromEntries(all.map(({ alias, id }) => [alias, id]));
}

Deno.test("AL1, AL5, AL26 tag-model names a model, shows its name, and takes it away", async () => {
  await using bed = await twoModels();
  const named = await tag(bed, "aaaa", "--alias", "mouse-v2");
  assert.equal(named.code, 0, named.stderr);
  assert.equal(named.stdout, `Model: mouse-v2 (${A})\n`);
  const renamed = await tag(bed, "mouse-v2", "--alias", "mouse-v3", "--json");
  assert.equal(renamed.code, 0, renamed.stderr);
  const { id, alias, checkpoint_exists } = JSON.parse(renamed.stdout);
  assert.deepEqual([id, alias, checkpoint_exists], [A, "mouse-v3", true]);
  const unnamed = await tag(bed, "mouse-v3", "--remove-alias");
  assert.equal(unnamed.code, 0, unnamed.stderr);
  assert.equal(unnamed.stdout, `Model: ${A}\n`);
  assert.deepEqual(await aliases(bed), {});
});

Deno.test("AL16, AL38, AL43 an alias does where an ID does, and is shown", async () => {
  await using bed = await twoModels();
  await tag(bed, B, "--alias", "mouse-v2");
  await bed.registry.markInterrupted(B, "models/centered_instance_bbbb0002/last.ckpt", 3);
  const info = await runCli(["model-info", "mouse-v2"], { cwd: bed.folder });
  assert.match(info.stdout, new RegExp(`^Model: mouse-v2 \\(${B}\\)\n`));
  const list = await runCli(["list-models"], { cwd: bed.folder });
  assert.match(list.stdout, new RegExp(`^${B} {2}mouse-v2 `, "m"));
  assert.match(list.stdout, new RegExp(`^${A} {2}- `, "m"));
  const abandoned = await runCli(["abandon-model", "mouse-v2"], { cwd: bed.folder });
  assert.equal(abandoned.code, 0, abandoned.stderr);
  assert.equal((await bed.registry.get(B))?.status, "abandoned");
  const near = await runCli(["model-info", "muose-v2"], { cwd: bed.folder });
  assert.equal(near.code, 3);
  assert.match(near.stderr, /hint: Did you mean mouse-v2\?/);
});

Deno.test("AL6, AL7, AL11, AL12 a taken alias on a pipe: exit 7; --force takes it, and says from whom", async () => {
  await using bed = await twoModels();
  await tag(bed, A, "--alias", "mouse");
  const taken = await tag(bed, B, "--alias", "mouse");
  assert.equal(taken.code, 7);
  assert.equal(
    taken.stderr.split("\n").slice(1).join("\n"),
    `error: Alias "mouse" is taken by centroid model ${A}\n` +
      `hint: Move it to model ${B} with --force, or choose another: "mouse-v2" is free.\n`,
  );
  assert.deepEqual(await aliases(bed), { mouse: A });
  const forced = await tag(bed, B, "--alias", "mouse", "--force");
  assert.equal(forced.code, 0, forced.stderr);
  assert.match(forced.stderr, new RegExp(`warning: alias "mouse" is taken from model ${A}`));
  assert.deepEqual(await aliases(bed), { mouse: B });
});

Deno.test({
  name: "AL8-AL10 a taken alias on a terminal is a question",
  ignore,
  async fn() {
    assert.ok(python !== null, "no Python to open a terminal with");
    for (const [answer, code, holder] of [["n", 7, A], ["", 7, A], ["y", 0, B]] as const) {
      await using bed = await twoModels();
      await bed.registry.setAlias(A, "mouse");
      const asked = await runCli(["tag-model", B, "--alias", "mouse"], {
        cwd: bed.folder,
        stdin: `${answer}\n`,
        terminalOf: python,
      });
      assert.equal(asked.code, code, asked.stdout);
      assert.match(
        asked.stdout,
        new RegExp(`by centroid model ${A}\r\nOverwrite existing alias\\? \\[y/N\\]`),
      );
      assert.deepEqual(await aliases(bed), { mouse: holder }, answer);
      await tag(bed, B, "--remove-alias");
    }
  },
});

Deno.test("tag-model refuses what is no alias, and options that say nothing or two things: exit 2", async () => {
  await using bed = await twoModels();
  const cases: [args: string[], says: RegExp][] = [
    [["--alias", "Prod v1!"], /only letters, numbers, dashes, and underscores.*\nhint: "Prod-v1"/],
    [["--alias", A], /must not look like a model ID/],
    [["--alias", "latest"], /reserved/],
    [[], /neither --alias nor --remove-alias/],
    [["--alias", "mouse", "--remove-alias"], /--alias does not go together with --remove-alias/],
    [["--remove-alias", "--force"], /--force does not go together/],
  ];
  for (const [args, says] of cases) {
    const { code, stderr } = await tag(bed, A, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, says);
  }
  assert.deepEqual(await aliases(bed), {});
});

Deno.test("tag-model of an unknown model: exit 3, and no registry is made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-test-" });
  try {
    const { code } = await runCli(["tag-model", A, "--alias", "x", "--registry", folder], {
      cwd: folder,
    });
    assert.equal(code, 3);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("AL23, AL24 aliases of a worker: train --alias, tag-model, and every remote command", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const trained = await room.train(["--alias", "mouse"]);
  assert.equal(trained.code, 0, trained.stderr);
  const { id, alias } = await room.model();
  assert.equal(alias, "mouse");
  assert.match(trained.stdout, new RegExp(`^centroid mouse \\(${id}\\) {2}completed`));
  assert.match(trained.stdout, /sleap-rtc model-info mouse --worker gpu1\n/);

  const at = ["--worker", "gpu1"];
  const taken = await room.train(["--alias", "mouse", "--run-name", "again"]);
  assert.equal(taken.code, 7, taken.stderr);
  assert.match(taken.stderr, new RegExp(`Alias "mouse" is taken by centroid model ${id}`));
  assert.doesNotMatch(taken.stderr, /upload/);

  const renamed = await room.cli(["tag-model", "mouse", "--alias", "rat", ...at]);
  assert.equal(renamed.code, 0, renamed.stderr);
  assert.equal(renamed.stdout, `Model: rat (${id})\n`);
  const info = await room.cli(["model-info", "rat", "--json", ...at]);
  assert.equal(JSON.parse(info.stdout).id, id);
  const near = await room.cli(["model-info", "rtas-v2", ...at]);
  assert.equal(near.code, 3);

  const second = await room.train(["--run-name", "second", "--alias", "mouse"]);
  assert.equal(second.code, 0, second.stderr);
  const conflict = await room.cli(["tag-model", "mouse", "--alias", "rat", ...at]);
  assert.equal(conflict.code, 7, conflict.stderr);
  assert.match(
    conflict.stderr,
    new RegExp(`Alias "rat" is taken by centroid model ${id}\nhint: .*--force`),
  );
  const forced = await room.cli(["tag-model", "mouse", "--alias", "rat", "--force", ...at]);
  assert.equal(forced.code, 0, forced.stderr);
  const removed = await room.cli(["tag-model", "rat", "--remove-alias", "--json", ...at]);
  assert.equal(JSON.parse(removed.stdout).alias, null);
  const list = await room.cli(["list-models", "--json", ...at]);
  const names = JSON.parse(list.stdout).map((model: { alias: string | null }) => model.alias);
  assert.deepEqual(names, [null, null]);
});
