import assert from "node:assert/strict";
import { PredictionView } from "../../../lib/client/prediction_view.ts";
import type { JobEvent, JobEventBody } from "../../../lib/protocol/job_events.ts";

const CHECKPOINT = "/lab/models/centroid_bbbb0001/best.ckpt";
const KNOWN = {
  dataName: "clip.mp4",
  predictors: [
    { model_id: "a3f5e8c9", alias: "mouse-v2", checkpoint_path: "" },
    { model_id: "bbbb0001", alias: null, checkpoint_path: CHECKPOINT },
    { model_id: null, alias: null, checkpoint_path: CHECKPOINT },
  ],
};

function event(body: JobEventBody): JobEvent {
  return { seq: 1, time: "2026-11-24T08:00:00.000Z", ...body };
}

function frames(done: number, more: Partial<Extract<JobEventBody, { type: "frames" }>> = {}) {
  return event({
    type: "frames",
    phase: "inference",
    done,
    total: 400,
    rate: 33.4,
    eta: 8.2,
    ...more,
  });
}

function started(): JobEvent {
  const command = ["/opt/bin/sleap-nn", "predict", "--data_path", "my clip.mp4"];
  return event({ type: "predictor_started", pid: 1, command, log_offset: 0 });
}

Deno.test("PredictionView names data and models, and shows the command as it is typed", () => {
  const view = new PredictionView(KNOWN);
  assert.equal(view.statusLine(), null);
  assert.deepEqual(view.add(started()), [
    `predicting clip.mp4 with mouse-v2 (a3f5e8c9), bbbb0001, ${CHECKPOINT}`,
    "/opt/bin/sleap-nn predict --data_path 'my clip.mp4'",
  ]);
  assert.equal(view.statusLine(), "predicting clip.mp4");
});

Deno.test("PredictionView: the line of frames, as far as it is known", () => {
  const view = new PredictionView(KNOWN);
  assert.deepEqual(view.add(frames(120)), []);
  assert.equal(view.statusLine(), "frames 120 of 400  33 frames/s  8 s left");
  view.add(frames(7, { total: null, rate: 2.345, eta: null }));
  assert.equal(view.statusLine(), "frames 7  2.3 frames/s");
  view.add(frames(400, { rate: null, eta: 0 }));
  assert.equal(view.statusLine(), "frames 400 of 400");
  view.add(frames(3, { phase: "tracking" }));
  assert.equal(view.statusLine(), "tracking: frames 3 of 400  33 frames/s  8 s left");
});

Deno.test("PredictionView: a note at most each tenth, in each phase anew", () => {
  const view = new PredictionView(KNOWN);
  const noted: string[] = [];
  for (const phase of ["inference", "tracking"] as const) {
    for (let done = 0; done <= 400; done += 8) {
      view.add(frames(done, { phase, rate: null, eta: null }));
      noted.push(...[view.note()].flatMap((note) => note ?? []));
    }
  }
  assert.equal(noted.length, 20);
  assert.equal(noted[0], "frames 40 of 400");
  assert.equal(noted.at(-1), "tracking: frames 400 of 400");
  view.add(event({ type: "warning", message: "slow" }));
  assert.equal(view.note(), null);
});

Deno.test("PredictionView: requests, warnings, waiting and the end", () => {
  const view = new PredictionView({ dataName: null, predictors: [] });
  view.wait({ position: 2, reason: "waits for job_1" });
  assert.equal(view.statusLine(), "waiting: 2nd in the queue (waits for job_1)");
  assert.deepEqual(view.add(event({ type: "warning", message: "odd" })), ["warning: odd"]);
  assert.equal(view.statusLine(), null);
  assert.deepEqual(view.add(event({ type: "requested", what: "cancel" })), ["asked to cancel"]);
  assert.deepEqual(view.add(event({ type: "requested", what: "stop" })), [
    "asked to stop: it ends without predictions",
  ]);
  view.add(frames(1));
  const output = { path: "/p.slp", sha256: "ab".repeat(32), bytes: 1_234_567 };
  assert.deepEqual(view.add(event({ type: "predictions_written", output, frames: 400 })), [
    "wrote predictions of 400 frames: 1.2 MB, sha256 abababababab…",
  ]);
  assert.deepEqual(view.add(event({ type: "job_finished", status: "succeeded", error: null })), []);
  assert.equal(view.statusLine(), null);
});
