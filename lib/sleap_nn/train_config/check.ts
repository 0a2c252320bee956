import { UsageError } from "../../errors.ts";
import { dumps } from "../../python/json.ts";
import { getIn, isPyMap, type PyMap, type PyValue } from "../../python/value.ts";
import { headNames } from "./heads.ts";

/** Total epochs that sleap-nn 0.3 trains when the configuration does not say. */
const DEFAULT_MAX_EPOCHS = 100n;
/** Characters of a value in a message. */
const MAX_SHOWN = 40;

/**
 * Check the outline of a configuration.
 *
 * @throws {UsageError} when it is not a mapping of sections, or of another program
 */
export function checkedMap(value: PyValue, source: string): PyMap {
  if (!isPyMap(value)) throw notAConfig(source, "it is not a mapping of settings");
  if (!value.has("model_config") && isPyMap(value.get("model"))) {
    throw new UsageError(`"${source}" is a training profile of SLEAP 1.4 or older`, {
      hint:
        "sleap-nn needs its own format: export the configuration again from SLEAP 1.5 or newer.",
    });
  }
  for (const section of ["model_config", "data_config", "trainer_config"]) {
    const content = value.get(section) ?? null;
    if (content !== null && !isPyMap(content)) {
      throw notAConfig(source, `"${section}" is not a mapping`);
    }
  }
  if (value.has("defaults")) {
    throw notAConfig(source, 'its key "defaults" would make Hydra load other files');
  }
  return value;
}

/**
 * Check that a configuration sets one head and at most one backbone.
 *
 * @returns the head
 * @throws {UsageError} when it does not
 */
export function checkedHead(config: PyMap, source: string): string {
  if (!isPyMap(getIn(config, ["model_config", "head_configs"]))) {
    throw notAConfig(source, 'it has no mapping "model_config.head_configs"');
  }
  const heads = headNames(config);
  const [head] = heads;
  if (heads.length !== 1 || typeof head !== "string") {
    throw notAConfig(source, `it must set exactly one head, it sets ${listed(heads)}`);
  }
  if (!/^[A-Za-z0-9_]{1,64}$/.test(head)) throw notAConfig(source, `"${head}" is not a head`);
  const backbone = getIn(config, ["model_config", "backbone_config"]);
  const backbones = isPyMap(backbone) ? [...backbone].filter(([, value]) => value !== null) : [];
  if (backbones.length > 1) {
    const names = listed(backbones.map(([name]) => name));
    throw notAConfig(source, `it must set exactly one backbone, it sets ${names}`);
  }
  return head;
}

/**
 * Check `trainer_config.max_epochs` as OmegaConf does for an integer: whole numbers and their text.
 *
 * @returns the total number of epochs, sleap-nn's default where there is none; null for an
 * interpolation
 * @throws {UsageError} when it is no count
 */
export function checkedMaxEpochs(trainerView: PyMap, source: string): number | null {
  const value = getIn(trainerView, ["trainer_config", "max_epochs"]) ?? DEFAULT_MAX_EPOCHS;
  if (typeof value === "string" && value.includes("${")) return null;
  const isWhole = typeof value === "bigint" || (typeof value === "string" && /^\d+$/.test(value));
  const count = isWhole ? Number(value) : NaN;
  if (Number.isSafeInteger(count) && count >= 1) return count;
  const shown = shorten(dumps(value));
  throw new UsageError(`Cannot train "${source}": trainer_config.max_epochs is ${shown}`, {
    hint: "Give the total number of epochs, a whole number of at least 1.",
  });
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function listed(names: readonly PyValue[]): string {
  return names.length === 0 ? "none" : names.map(String).join(", ");
}

function notAConfig(source: string, reason: string): UsageError {
  return new UsageError(`"${source}" is not a sleap-nn training configuration: ${reason}`, {
    hint: "See https://nn.sleap.ai for the format.",
  });
}
