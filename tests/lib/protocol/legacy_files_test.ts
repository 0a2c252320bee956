import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeLegacyFileRequest,
  encodeLegacyFileAnswer,
} from "../../../lib/protocol/legacy_files.ts";

Deno.test("requests about files are read; paths may hold the separator", () => {
  assert.deepEqual(decodeLegacyFileRequest("FS_GET_INFO"), { type: "info" });
  assert.deepEqual(decodeLegacyFileRequest("FS_GET_MOUNTS"), { type: "mounts" });
  assert.deepEqual(decodeLegacyFileRequest("USE_WORKER_PATH::/a::b.slp"), {
    type: "use_path",
    path: "/a::b.slp",
  });
  assert.deepEqual(decodeLegacyFileRequest("FS_LIST_DIR::/::0"), {
    type: "unknown",
    name: "FS_LIST_DIR",
  });
  const long = `USE_WORKER_PATH::${"x".repeat(5_000)}`;
  assert.deepEqual(decodeLegacyFileRequest(long), { type: "unknown", name: "USE_WORKER_PATH" });
  for (const none of ["", "FS_", "JOB_STOP", "fs_get_info", " FS_GET_INFO"]) {
    assert.equal(decodeLegacyFileRequest(none), null, none);
  }
});

Deno.test("decodeLegacyFileRequest() never throws, whatever comes", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    decodeLegacyFileRequest(text);
    decodeLegacyFileRequest(`FS_${text}`);
  }));
});

Deno.test("answers about files are written as the Python program writes them", () => {
  const mounts = [{ path: "/data", label: "data" }];
  const answers = [
    encodeLegacyFileAnswer({ type: "info", workerId: "gpu1", workingDir: "/w", mounts }),
    encodeLegacyFileAnswer({ type: "mounts", mounts }),
    encodeLegacyFileAnswer({ type: "path_ok", path: "/data/a.slp" }),
    encodeLegacyFileAnswer({ type: "path_error", message: "File not found: x" }),
    encodeLegacyFileAnswer({ type: "error", code: "INVALID_REQUEST", message: "no" }),
  ];
  assert.deepEqual(answers, [
    'FS_INFO_RESPONSE::{"worker_id":"gpu1","working_dir":"/w","mounts":[{"path":"/data","label":"data"}]}',
    'FS_MOUNTS_RESPONSE::[{"path":"/data","label":"data"}]',
    "WORKER_PATH_OK::/data/a.slp",
    "WORKER_PATH_ERROR::File not found: x",
    "FS_ERROR::INVALID_REQUEST::no",
  ]);
});
