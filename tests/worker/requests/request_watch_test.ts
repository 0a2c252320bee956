import assert from "node:assert/strict";
import { hostname } from "node:os";
import { identifyProcess, type ProcessIdentity } from "../../../worker/host/process_identity.ts";
import { changeRequest, type JobRequest } from "../../../worker/requests/job_request.ts";
import { RequestWatch, type RequestWatchOptions } from "../../../worker/requests/request_watch.ts";
import { JobBed } from "../../support/job_bed.ts";

const asked_at = "2026-11-24T12:00:00.000Z";
const GONE: ProcessIdentity = {
  pid: 999_999,
  start_time: "1",
  boot_id: "gone",
  pid_namespace: null,
  host: hostname(),
};

async function ask(bed: JobBed, change: Partial<JobRequest>): Promise<void> {
  await changeRequest(bed.folder, (request) => ({ ...request, ...change }));
}

async function watched(
  bed: JobBed,
  use: (watch: RequestWatch) => Promise<void>,
  options: RequestWatchOptions = { pollMs: 60_000 },
): Promise<void> {
  const watch = await RequestWatch.start(bed.folder, options);
  try {
    await use(watch);
  } finally {
    await watch.close();
  }
}

Deno.test("RequestWatch knows what is on the disk before it, and tells what comes", async () => {
  await using bed = await JobBed.create();
  await ask(bed, { finish: { model: 1, asked_at } });
  await watched(bed, async (watch) => {
    assert.deepEqual(watch.now, { end: null, finish: 1, isLost: false, onLost: "continue" });
    let told = 0;
    const unsubscribe = watch.onChange(() => told++);
    await watch.look();
    assert.equal(told, 0, "nothing has changed");
    await ask(bed, { end: { what: "stop", asked_at } });
    await watch.look();
    assert.equal(told, 1);
    assert.equal(watch.now.end, "stop");
    unsubscribe();
    await ask(bed, { end: { what: "cancel", asked_at } });
    await watch.look();
    assert.equal(told, 1);
    assert.equal(watch.now.end, "cancel");
  });
});

Deno.test("RequestWatch looks by itself, and no more once it is closed", async () => {
  await using bed = await JobBed.create();
  const watch = await RequestWatch.start(bed.folder, { pollMs: 1 });
  const changed = Promise.withResolvers<void>();
  watch.onChange(changed.resolve);
  await ask(bed, { end: { what: "stop", asked_at } });
  await changed.promise;
  await watch.close();
  await ask(bed, { end: { what: "cancel", asked_at } });
  assert.equal(watch.now.end, "stop");
});

Deno.test("RequestWatch a wish outlives its file, a cancel is never made a stop", async () => {
  await using bed = await JobBed.create();
  await ask(bed, { end: { what: "cancel", asked_at }, finish: { model: 0, asked_at } });
  await watched(bed, async (watch) => {
    for (const text of ["{", '{"version": 7}', null]) {
      if (text === null) await Deno.remove(bed.folder.requestPath);
      else await Deno.writeTextFile(bed.folder.requestPath, text);
      await watch.look();
      assert.equal(watch.now.end, "cancel");
      assert.equal(watch.now.finish, 0);
    }
    await ask(bed, { end: { what: "stop", asked_at } });
    await watch.look();
    assert.equal(watch.now.end, "cancel");
  });
});

Deno.test("CR4 RequestWatch a connection is lost when the worker says so", async () => {
  await using bed = await JobBed.create();
  const by = await identifyProcess(Deno.pid);
  await watched(bed, async (watch) => {
    for (const state of ["attached", "lost", "attached", "none"] as const) {
      await ask(bed, { watch: { state, by, on_lost: "stop" } });
      await watch.look();
      assert.equal(watch.now.isLost, state === "lost", state);
      assert.equal(watch.now.onLost, "stop");
    }
  });
});

Deno.test("CR4 RequestWatch a connection is lost when the worker itself is gone", async () => {
  await using bed = await JobBed.create();
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const by = await identifyProcess(child.pid);
  await ask(bed, { watch: { state: "attached", by, on_lost: "continue" } });
  await watched(bed, async (watch) => {
    assert.equal(watch.now.isLost, false);
    child.kill("SIGKILL");
    await child.status;
    await watch.look();
    assert.equal(watch.now.isLost, true);
    await ask(bed, {
      watch: { state: "attached", by: await identifyProcess(Deno.pid), on_lost: "continue" },
    });
    await watch.look();
    assert.equal(watch.now.isLost, false, "another worker watches");
  }, { pollMs: 60_000, workerCheckMs: 0 });
});

Deno.test("RequestWatch the worker is looked at rarely, one of another machine never", async () => {
  await using bed = await JobBed.create();
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  await ask(bed, {
    watch: { state: "attached", by: await identifyProcess(child.pid), on_lost: "continue" },
  });
  await watched(bed, async (watch) => {
    child.kill("SIGKILL");
    await child.status;
    await watch.look();
    assert.equal(watch.now.isLost, false, "not yet");
    await ask(bed, {
      watch: { state: "attached", by: { ...GONE, host: "elsewhere" }, on_lost: "continue" },
    });
    await watch.look();
    assert.equal(watch.now.isLost, false, "elsewhere");
    await ask(bed, { watch: { state: "attached", by: GONE, on_lost: "continue" } });
    await watch.look();
    assert.equal(watch.now.isLost, true, "before the reboot");
  });
});
