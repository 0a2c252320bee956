import assert from "node:assert/strict";
import { lostError, workerError, type WorkerPlace } from "../../../lib/client/worker_error.ts";
import { NotFoundError } from "../../../lib/errors.ts";
import { workerProperties } from "../../../lib/protocol/worker_metadata.ts";

const PLACE: WorkerPlace = {
  room: "lab 1",
  peer: {
    peerId: "gpu1-710d",
    properties: workerProperties({ properties: { worker_name: "gpu1" } }),
  },
};
const HERE = "--room 'lab 1' --worker gpu1-710d";

Deno.test("commands in a worker's hint are told as they are typed here", () => {
  const hints: [string, string][] = [
    [
      "Cancel it: sleap-rtc jobs cancel job_0a1b2c3d",
      `Cancel it: sleap-rtc jobs cancel job_0a1b2c3d ${HERE}`,
    ],
    ["All models: sleap-rtc list-models", `All models: sleap-rtc list-models ${HERE}`],
    [
      "Its state: sleap-rtc model-info a3f5e8c9",
      `Its state: sleap-rtc model-info a3f5e8c9 ${HERE}`,
    ],
    [
      "Begin again from epoch 0: sleap-rtc train --resume a3f5e8c9 --restart",
      `Begin again from epoch 0: sleap-rtc train --resume a3f5e8c9 --restart ${HERE}`,
    ],
    [
      "Go on: sleap-rtc train --resume a3f5e8c9 --max-epochs 20, or begin again with --restart.",
      `Go on: sleap-rtc train --resume a3f5e8c9 --max-epochs 20 ${HERE}, or begin again with ` +
      "--restart.",
    ],
    [
      "Train it anew: sleap-rtc train --config FILE.yaml --labels FILE",
      `Train it anew: sleap-rtc train --config FILE.yaml --labels FILE ${HERE}`,
    ],
    [
      "Its state: sleap-rtc model-info a3f5e8c9-2",
      `Its state: sleap-rtc model-info a3f5e8c9-2 ${HERE}`,
    ],
    [
      "Move it: sleap-rtc tag-model MODEL --alias NAME --force",
      `Move it: sleap-rtc tag-model MODEL --alias NAME --force ${HERE}`,
    ],
    ["Update sleap-rtc on this machine.", "Update sleap-rtc on this machine."],
    ["Run `sleap-rtc join LINK`.", "Run `sleap-rtc join LINK`."],
    ["Wait for its end.", "Wait for its end."],
  ];
  for (const [hint, here] of hints) {
    const error = workerError({ code: "conflict", message: "m", hint, exit_code: 7 }, PLACE);
    assert.equal(error.hint, here);
    assert.equal(error.exitCode, 7);
  }
});

Deno.test("an error bears the worker's name and keeps its class; a hint is not made up", () => {
  const error = workerError({ code: "not_found", message: "none", exit_code: 3 }, PLACE);
  assert.ok(error instanceof NotFoundError);
  assert.equal(error.message, 'Worker "gpu1": none');
  assert.equal(error.hint, undefined);
  const lost = lostError("job_0a1b2c3d", "it is gone", PLACE);
  assert.ok(lost.hint?.endsWith(`sleap-rtc list-models ${HERE}`));
});
