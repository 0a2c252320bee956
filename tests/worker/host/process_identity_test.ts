import assert from "node:assert/strict";
import { identifyProcess, isAlive, placeOf } from "../../../worker/host/process_identity.ts";
import { end, ready, startShell } from "../../support/shell.ts";

Deno.test("a process is alive until it has ended", async () => {
  const child = startShell("echo 1; exec sleep 60");
  await ready(child);
  const identity = await identifyProcess(child.pid);
  assert.ok(await isAlive(identity));
  child.kill("SIGKILL");
  await end(child);
  assert.equal(await isAlive(identity), false);
});

Deno.test("the same pid with another start, boot or host is another process", async () => {
  const self = await identifyProcess(Deno.pid);
  assert.ok(await isAlive(self));
  assert.equal(await isAlive({ ...self, start_time: "1" }), false);
  assert.equal(await isAlive({ ...self, boot_id: "another boot" }), false);
  assert.ok(await isAlive({ ...self, host: "renamed" }), "where the boots are known, they tell");
  assert.equal(await isAlive({ ...self, host: "another", boot_id: null }), false);
  assert.equal(await isAlive({ ...self, pid_namespace: "pid:[1]" }), false);
});

Deno.test("placeOf() tells this machine, its earlier boots, and others apart", async () => {
  const self = await identifyProcess(Deno.pid);
  assert.equal(await placeOf(self), "here");
  assert.equal(await placeOf({ ...self, pid_namespace: null }), "here", "not told");
  assert.equal(await placeOf({ ...self, pid_namespace: "pid:[1]" }), "elsewhere", "a container");
  assert.equal(await placeOf({ ...self, boot_id: "another boot" }), "rebooted");
  const other = { ...self, host: "another", boot_id: "another boot" };
  assert.equal(await placeOf(other), "elsewhere");
  assert.equal(await placeOf({ ...other, boot_id: null }), "elsewhere");
});

Deno.test("a zombie is not alive", { ignore: Deno.build.os !== "linux" }, async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61");
  const grandchild = await ready(child);
  const identity = await identifyProcess(grandchild);
  // The shell would ask how its child ended, the program that it becomes does not.
  while (!(await Deno.readTextFile(`/proc/${child.pid}/comm`)).startsWith("sleep")) await turn();
  Deno.kill(grandchild, "SIGKILL");
  while (await isAlive(identity)) await turn();
  const stat = await Deno.readTextFile(`/proc/${grandchild}/stat`);
  assert.match(stat, /\) Z /, "its parent never asks how it ended");
  child.kill("SIGKILL");
  await end(child);
});

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}
