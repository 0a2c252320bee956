import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  ConflictError,
  NotFoundError,
  type SleapRtcError,
  UsageError,
} from "../../../lib/errors.ts";
import { resumeRequest } from "../../../worker/resume/resume_request.ts";
import { assertAllSix, breakTraining, resumeModel } from "../../support/resuming.ts";
import { RegistryBed } from "../../support/registry.ts";
import { TrainingWorld } from "../../support/training.ts";

Deno.test("resumeRequest() describes a job that goes on as the old one did", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const registry = await world.registry();
  const old = await (await world.job()).readTrainSpec();
  const key = "resume-a3f5e8c9-2";
  const options = { restart: false, maxEpochs: 9, idempotencyKey: key };
  const { spec, configs, warnings } = await resumeRequest(registry, id.slice(0, 4), options);
  const digits = createHash("sha256").update(key).digest("hex").slice(0, 8);
  assert.deepEqual(spec, {
    ...old,
    job_id: `job_${digits}`,
    created_at: spec.created_at,
    models: [{
      ...old.models[0],
      resume: { model_id: id, restart: false, job_id: old.job_id, abandoned: false },
      max_epochs: 9,
    }],
    resumed_from: old.job_id,
    idempotency_key: key,
  });
  assert.deepEqual([...configs], [["configs/0.yaml", await Deno.readTextFile(world.config)]]);
  assert.deepEqual(warnings, []);
  const others = await Promise.all(
    [1, 2].map(() => resumeRequest(registry, id, { restart: true })),
  );
  assert.notEqual(others[0]?.spec.job_id, others[1]?.spec.job_id);
});

Deno.test("resumeRequest() of a job without its folder takes the configuration of the model", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const registry = await world.registry();
  await Deno.remove((await world.job()).path, { recursive: true });
  const { spec, configs } = await resumeRequest(registry, id, { restart: false });
  assert.equal(spec.resumed_from, null);
  assert.equal(spec.overrides.max_epochs, 6);
  assert.equal(spec.models[0]?.run_name, "run");
  assert.ok(configs.get("configs/0.yaml")?.includes(world.labels));
  await Deno.remove(world.path(`models/centroid_${id}/config.yaml`));
  await assert.rejects(
    resumeRequest(registry, id, { restart: false }),
    (error: SleapRtcError) => error instanceof NotFoundError && error.message.includes(id),
  );
});

Deno.test("resumeRequest() refuses a checkpoint of another type of model", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const path = world.path(`models/centroid_${id}/training_config.yaml`);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, "model_config: {head_configs: {bottomup: {confmaps: {}}}}\n");
  const registry = await world.registry();
  await assert.rejects(resumeRequest(registry, id, { restart: false }), (error: SleapRtcError) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /last\.ckpt" is of a bottomup model, not of a centroid/);
    return true;
  });
  await Deno.writeTextFile(path, text);
  await resumeRequest(registry, id, { restart: false });
});

Deno.test("resumeRequest() says what is wrong with a name, and with the number of epochs", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const registry = await world.registry();
  const request = (name: string, maxEpochs?: number) =>
    resumeRequest(registry, name, { restart: false, maxEpochs });
  await assert.rejects(request("ffffffff"), NotFoundError);
  await assert.rejects(request(id, 2), UsageError);
  await request(id, 3);
});

Deno.test("CR26 an abandoned or failed model can be resumed or restarted explicitly", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await (await world.registry()).abandon(id);
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  await assertAllSix(world, await world.model());
});

Deno.test("resumeRequest() of a model that nobody trained here: neither job nor configuration", async () => {
  await using bed = await RegistryBed.create();
  await bed.addCompleted({ id: "a3f5e8c9", model_type: "centroid" }, 0.1);
  await assert.rejects(
    resumeRequest(bed.registry, "a3f5e8c9", { restart: true }),
    /neither its job's folder nor .*config\.yaml" is there/,
  );
});
