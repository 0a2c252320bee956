import assert from "node:assert/strict";
import {
  endProcessGroup,
  identifyProcess,
  isAlive,
  isOfThisBoot,
} from "../../../worker/host/process_identity.ts";

function startShell(script: string): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", {
    args: ["-c", script],
    detached: true,
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/** Wait for the shell to say that it is ready, without taking its output's end. */
async function ready(child: Deno.ChildProcess): Promise<number> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return Number(new TextDecoder().decode(value));
}

async function end(child: Deno.ChildProcess): Promise<void> {
  await child.stdout.cancel();
  await child.status;
}

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
  assert.equal(await isOfThisBoot({ ...self, boot_id: "another boot" }), false);
});

Deno.test("a zombie is not alive", { ignore: Deno.build.os !== "linux" }, async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61");
  const grandchild = await ready(child);
  const identity = await identifyProcess(grandchild);
  Deno.kill(grandchild, "SIGKILL");
  while (await isAlive(identity)) await new Promise((resolve) => setTimeout(resolve, 1));
  const stat = await Deno.readTextFile(`/proc/${grandchild}/stat`);
  assert.match(stat, /\) Z /, "its parent never asks how it ended");
  child.kill("SIGKILL");
  await end(child);
});

Deno.test("endProcessGroup() ends the whole group, also one that ignores SIGTERM", async () => {
  const child = startShell("trap '' TERM; sleep 60 & echo $!; sleep 60");
  const grandchild = await ready(child);
  const inGroup = await identifyProcess(grandchild);
  await endProcessGroup(await identifyProcess(child.pid), 50);
  assert.equal(await isAlive(inGroup), false);
  await end(child);
});

Deno.test("endProcessGroup() ends members that outlive their leader", async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61");
  const grandchild = await ready(child);
  const [leader, member] = [await identifyProcess(child.pid), await identifyProcess(grandchild)];
  child.kill("SIGKILL");
  await end(child);
  assert.ok(await isAlive(member));
  await endProcessGroup(leader, 1_000);
  assert.equal(await isAlive(member), false);
});

Deno.test("endProcessGroup() leaves alone whoever has the pid by now", async () => {
  const child = startShell("echo 1; exec sleep 60");
  await ready(child);
  const identity = await identifyProcess(child.pid);
  await endProcessGroup({ ...identity, start_time: "1" }, 0);
  await endProcessGroup({ ...identity, boot_id: "another boot" }, 0);
  assert.ok(await isAlive(identity));
  await endProcessGroup(identity, 1_000);
  await end(child);
});
