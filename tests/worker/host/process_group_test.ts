import assert from "node:assert/strict";
import {
  endLostTrainer,
  endProcessGroup,
  JOB_VARIABLE,
} from "../../../worker/host/process_group.ts";
import { identifyProcess, isAlive } from "../../../worker/host/process_identity.ts";
import { end, ready, startShell } from "../../support/shell.ts";

const JOB = "/no/such/root/jobs/job_00000001";
const MARK = { [JOB_VARIABLE]: JOB };
const ignore = Deno.build.os !== "linux";

Deno.test("endProcessGroup() ends the whole group, also one that ignores SIGTERM", async () => {
  const child = startShell("trap '' TERM; sleep 60 & echo $!; sleep 60");
  const inGroup = await identifyProcess(await ready(child));
  await endProcessGroup(child.pid, 50);
  assert.equal(await isAlive(inGroup), false);
  await end(child);
});

Deno.test("a lost trainer is ended with the members that outlive it", { ignore }, async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61", MARK);
  const grandchild = await ready(child);
  const [leader, member] = [await identifyProcess(child.pid), await identifyProcess(grandchild)];
  child.kill("SIGKILL");
  await end(child);
  assert.ok(await isAlive(member));
  await endLostTrainer({ jobFolder: JOB, leader }, 1_000);
  assert.equal(await isAlive(member), false);
});

Deno.test("a lost trainer that was not written down is found by its mark", { ignore }, async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61", MARK);
  const member = await identifyProcess(await ready(child));
  await endLostTrainer({ jobFolder: "/another/root/jobs/job_00000001", leader: null }, 0);
  assert.ok(await isAlive(member), "another root's job of the same ID");
  await endLostTrainer({ jobFolder: JOB, leader: null }, 1_000);
  assert.equal(await isAlive(member), false);
  await end(child);
});

Deno.test("whoever has the pid by now is left alone", async () => {
  const child = startShell("echo 1; exec sleep 60");
  await ready(child);
  const leader = await identifyProcess(child.pid);
  const strangers = [
    { ...leader, start_time: "1" },
    { ...leader, boot_id: "another boot" },
    { ...leader, pid_namespace: "pid:[1]" },
  ];
  for (const stranger of strangers) {
    await endLostTrainer({ jobFolder: JOB, leader: stranger }, 0);
  }
  assert.ok(await isAlive(leader));
  await endLostTrainer({ jobFolder: JOB, leader }, 1_000);
  await end(child);
});

Deno.test("a stranger's group that has the number by now is left alone", { ignore }, async () => {
  const child = startShell("sleep 60 & echo $!; exec sleep 61");
  const grandchild = await ready(child);
  const [leader, member] = [await identifyProcess(child.pid), await identifyProcess(grandchild)];
  child.kill("SIGKILL");
  await end(child);
  await endLostTrainer({ jobFolder: JOB, leader }, 0);
  assert.ok(await isAlive(member), "its leader is gone, and it carries no mark");
  Deno.kill(grandchild, "SIGKILL");
});
