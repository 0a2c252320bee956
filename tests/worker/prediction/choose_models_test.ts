import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import {
  checkChosen,
  chooseModels,
  type ModelChoice,
} from "../../../worker/prediction/choose_models.ts";
import { withFolder } from "../../support/temp_folder.ts";
import { addTrainedModel } from "../../support/trained_model.ts";

const CENTROID = { id: "aaaa1111", model_type: "centroid" };
const CENTERED = { id: "bbbb2222", model_type: "centered_instance" };

async function withRegistry(act: (registry: ModelRegistry) => Promise<void>): Promise<void> {
  await withFolder(async (root) => await act(await ModelRegistry.open(root)));
}

function named(...models: string[]): ModelChoice {
  return { models, modelPaths: [], allowInterrupted: false };
}

function byPath(...modelPaths: string[]): ModelChoice {
  return { models: [], modelPaths, allowInterrupted: false };
}

Deno.test("3.3.2 chooseModels() gives a model's checkpoint, configuration and hash", async () => {
  await withRegistry(async (registry) => {
    const entry = await addTrainedModel(registry, { id: "cccc3333", model_type: "bottomup" });
    const { models, partner } = await chooseModels(registry, named("cccc"));
    const folder = join(registry.root, "models/bottomup_cccc3333");
    assert.deepEqual(models, [{
      model_id: "cccc3333",
      alias: null,
      model_type: "bottomup",
      checkpoint_path: join(folder, "best.ckpt"),
      config_path: join(folder, "training_config.yaml"),
      sha256: entry.checkpoint?.sha256,
    }]);
    assert.equal(partner, null);
  });
});

Deno.test("3.3.4 chooseModels() refuses a model that is not there", async () => {
  await withRegistry(async (registry) => {
    await assert.rejects(chooseModels(registry, named("dddd4444")), NotFoundError);
  });
});

Deno.test("one member of a pair that one job has trained brings the other", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, CENTERED);
    for (const [name, partner] of [["aaaa", "bbbb2222"], ["bbbb", "aaaa1111"]] as const) {
      const chosen = await chooseModels(registry, named(name));
      assert.equal(chosen.partner, partner);
      assert.deepEqual(chosen.models.map(({ model_id }) => model_id?.slice(0, 4)), [
        name,
        partner.slice(0, 4),
      ]);
    }
    assert.equal((await chooseModels(registry, named("bbbb", "aaaa"))).partner, null);
  });
});

Deno.test("a pair stays one after one of it was resumed by another job", async () => {
  await withRegistry(async (registry) => {
    const attempt = { attempt: 1, first_epoch: 0, last_epoch: 4, started_from: null };
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, { ...CENTERED, job_id: "job_00000009" });
    await registry.update("bbbb2222", (entry) => ({
      ...entry,
      attempts: [{ job_id: "job_00000001", ...attempt }, { job_id: "job_00000009", ...attempt }],
    }));
    assert.equal((await chooseModels(registry, named("aaaa"))).partner, "bbbb2222");
  });
});

Deno.test("a centered model without a partner, and a lone centroid, are refused", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, { ...CENTERED, job_id: "job_00000002" });
    for (const name of ["aaaa", "bbbb"]) {
      await assert.rejects(chooseModels(registry, named(name)), {
        name: "UsageError",
        message: /cannot predict alone/,
      });
    }
  });
});

Deno.test("of several partners none is taken", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, CENTERED);
    await addTrainedModel(registry, { id: "bbbb3333", model_type: "multi_class_topdown" });
    await assert.rejects(chooseModels(registry, named("aaaa")), {
      message: /several that fit: bbbb2222, bbbb3333|several that fit: bbbb3333, bbbb2222/,
    });
  });
});

Deno.test("two models of one type, and one that is named twice, are refused", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, { ...CENTROID, id: "aaaa5555", job_id: "job_00000002" });
    await assert.rejects(chooseModels(registry, named("aaaa1111", "aaaa5555")), {
      name: "UsageError",
      message: "Both models are of the type centroid",
    });
    await assert.rejects(chooseModels(registry, named("aaaa1111", "aaaa1")), {
      name: "UsageError",
      message: /named twice/,
    });
  });
});

Deno.test("a model that is trained never predicts, an interrupted one only if that is wanted", async () => {
  await withRegistry(async (registry) => {
    const bottomup = { id: "cccc3333", model_type: "bottomup" };
    await addTrainedModel(registry, { ...bottomup, status: "training" });
    await assert.rejects(chooseModels(registry, named("cccc")), ConflictError);
    await registry.update(
      "cccc3333",
      (entry) => ({ ...entry, status: "interrupted", running: true }),
    );
    const anyway = { ...named("cccc"), allowInterrupted: true };
    await assert.rejects(chooseModels(registry, anyway), ConflictError);
    await registry.update("cccc3333", (entry) => ({ ...entry, running: false }));
    await assert.rejects(
      chooseModels(registry, named("cccc")),
      (error) => error instanceof UsageError && error.hint?.includes("--allow-interrupted"),
    );
    assert.equal((await chooseModels(registry, anyway)).models.length, 1);
    for (const status of ["failed", "abandoned"]) {
      await registry.update("cccc3333", (entry) => ({ ...entry, status }));
      await assert.rejects(chooseModels(registry, anyway), UsageError);
    }
  });
});

Deno.test("a checkpoint that is gone or was changed is told, with its path", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, { id: "cccc3333", model_type: "bottomup" });
    const { models } = await chooseModels(registry, named("cccc3333"));
    const checkpoint = join(registry.root, "models/bottomup_cccc3333/best.ckpt");
    const again = () => checkChosen(registry, models, { allowInterrupted: false });
    await again();
    await Deno.writeTextFile(checkpoint, "other weights");
    for (const choose of [() => chooseModels(registry, named("cccc3333")), again]) {
      await assert.rejects(
        choose(),
        (error) => error instanceof ConflictError && error.message.includes(checkpoint),
      );
    }
    await Deno.remove(checkpoint);
    for (const choose of [() => chooseModels(registry, named("cccc3333")), again]) {
      await assert.rejects(
        choose(),
        (error) => error instanceof NotFoundError && error.message.includes(checkpoint),
      );
    }
  });
});

Deno.test("a model without its training_config is not found", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, { id: "cccc3333", model_type: "bottomup" });
    await Deno.remove(join(registry.root, "models/bottomup_cccc3333/training_config.yaml"));
    await assert.rejects(chooseModels(registry, named("cccc3333")), {
      name: "NotFoundError",
      message: /training_config/,
    });
  });
});

Deno.test("chooseModels() takes folders, and knows the models that are registered there", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, CENTROID);
    await addTrainedModel(registry, CENTERED);
    const models = join(registry.root, "models");
    const outside = join(registry.root, "elsewhere");
    await Deno.rename(join(models, "centered_instance_bbbb2222"), outside);
    const chosen = await chooseModels(
      registry,
      byPath(join(models, "centroid_aaaa1111"), join(outside, "best.ckpt")),
    );
    assert.deepEqual(chosen.models.map(({ model_id, model_type }) => [model_id, model_type]), [
      ["aaaa1111", "centroid"],
      [null, "centered_instance"],
    ]);
    await assert.rejects(chooseModels(registry, byPath(outside)), UsageError);
    await assert.rejects(chooseModels(registry, byPath(join(models, "no"))), NotFoundError);
  });
});

Deno.test("a registered model that is named by its path is checked as if by its ID", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, { id: "cccc3333", model_type: "bottomup" });
    const folder = join(registry.root, "models/bottomup_cccc3333");
    await Deno.writeTextFile(join(folder, "best.ckpt"), "other weights");
    await assert.rejects(chooseModels(registry, byPath(folder)), ConflictError);
    await Deno.writeTextFile(join(folder, "best.ckpt"), "weights of cccc3333");
    assert.equal((await chooseModels(registry, byPath(folder))).models.length, 1);
    await registry.update("cccc3333", (entry) => ({ ...entry, status: "interrupted" }));
    await assert.rejects(chooseModels(registry, byPath(folder)), UsageError);
    await registry.update("cccc3333", (entry) => ({ ...entry, running: true }));
    await assert.rejects(chooseModels(registry, byPath(folder)), ConflictError);
  });
});
