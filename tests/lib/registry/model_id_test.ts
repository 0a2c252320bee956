import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../../lib/errors.ts";
import { parseJson } from "../../../lib/python/json.ts";
import type { PyValue } from "../../../lib/python/value.ts";
import { parseYaml } from "../../../lib/python/yaml.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { generateModelId } from "../../../lib/registry/model_id.ts";
import fixture from "../../fixtures/model_id_vectors.json" with { type: "json" };

interface Vector {
  name: string;
  json?: string;
  yaml?: string;
  labels_hex?: string;
  labels_path?: string;
  run_name: string;
  labels_md5: string;
  full_hash: string;
}
const vectors: readonly Vector[] = fixture.vectors;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function configOf({ json, yaml }: Vector): PyValue {
  return json === undefined ? parseYaml(yaml ?? "") : parseJson(json);
}

for (const vector of vectors) {
  Deno.test(`1.3.2 generateModelId() gives Python's ID: ${vector.name}`, () =>
    withFolder(async (folder) => {
      const path = vector.labels_path ?? join(folder, "labels.slp");
      if (vector.labels_hex !== undefined) {
        await Deno.writeFile(path, Uint8Array.fromHex(vector.labels_hex));
      }
      const identity = await generateModelId(configOf(vector), path, vector.run_name);
      assert.equal(identity.id, vector.full_hash.slice(0, 8));
      assert.equal(identity.fullHash, vector.full_hash);
      assert.equal(identity.labels.md5, vector.labels_md5);
      assert.equal(identity.labels.sha256 !== null, vector.labels_hex !== undefined);
    }));
}

Deno.test("generateModelId() hashes the path of labels that are a folder", () =>
  withFolder(async (folder) => {
    const config = parseYaml("model_config: {head_configs: {centroid: {}}}");
    const identity = await generateModelId(config, folder, "run");
    assert.equal(identity.labels.sha256, null);
  }));

Deno.test("generateModelId() reads labels larger than one buffer", () =>
  withFolder(async (folder) => {
    const path = join(folder, "labels.slp");
    await Deno.writeFile(path, new Uint8Array(3 * 1024 * 1024 + 1));
    const config = parseYaml("model_config: {head_configs: {centroid: {}}}");
    const { labels } = await generateModelId(config, path, "run");
    assert.equal(labels.md5, "c5dc5cd5b301f69bc6a4667dc9b782e4");
  }));

Deno.test("generateModelId() raises where Python does", async () => {
  for (
    const text of [
      "model_config: null",
      "model_config: {head_configs: null}",
      "model_config: {head_configs: [centroid]}",
      "[]",
      "model_config: {head_configs: {centroid: {}}, backbone_config: {a: 2025-11-06}}",
      "model_config: {head_configs: {centroid: {}}, backbone_config: {a: 1, 2: 1}}",
    ]
  ) await assert.rejects(generateModelId(parseYaml(text), "/none", "run"), UsageError);
});

Deno.test("1.1.4 the class computes the same ID", () =>
  withFolder(async (folder) => {
    const config = parseYaml("model_config: {head_configs: {centroid: {}}}");
    const labels = join(folder, "labels.slp");
    await Deno.writeTextFile(labels, "labels");
    assert.deepEqual(
      await ModelRegistry.generateModelId(config, labels, "run"),
      await generateModelId(config, labels, "run"),
    );
  }));
