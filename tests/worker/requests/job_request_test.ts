import assert from "node:assert/strict";
import { join } from "node:path";
import { JobFolder } from "../../../worker/job_folder.ts";
import { changeRequest, NO_REQUEST, readRequest } from "../../../worker/requests/job_request.ts";

async function withFolder(test: (folder: JobFolder) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "sleap-rtc-test-" });
  try {
    const folder = new JobFolder(join(root, "jobs", "job_00000001"));
    await Deno.mkdir(folder.path, { recursive: true });
    await test(folder);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("changeRequest() loses no change of those who ask at once", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await readRequest(folder), NO_REQUEST);
    const asked_at = "2026-11-24T12:00:00.000Z";
    await Promise.all([
      changeRequest(folder, (now) => ({ ...now, end: { what: "stop", asked_at } })),
      changeRequest(folder, (now) => ({ ...now, finish: { model: 1, asked_at } })),
      changeRequest(folder, (now) => ({ ...now, watch: { ...now.watch, state: "lost" } })),
    ]);
    const request = await readRequest(folder);
    assert.equal(request.end?.what, "stop");
    assert.equal(request.finish?.model, 1);
    assert.equal(request.watch.state, "lost");
  }));

Deno.test("a damaged request asks nothing", () =>
  withFolder(async (folder) => {
    for (const text of ["", "{", "[]", '{"version":2}']) {
      await Deno.writeTextFile(folder.requestPath, text);
      assert.deepEqual(await readRequest(folder), NO_REQUEST);
    }
    await Deno.remove(folder.requestPath);
    await Deno.mkdir(folder.requestPath);
    assert.deepEqual(await readRequest(folder), NO_REQUEST);
  }));
