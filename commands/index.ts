/**
 * All subcommands: what `--help` says of them, and where they are loaded from when they are run.
 *
 * @module
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** One subcommand. */
export interface CommandEntry {
  name: string;
  summary: string;
  /** Not shown in the help: for this program's own use. */
  hidden?: boolean;
  load(): Promise<{ command(): CommandUnknownOpts }>;
}

/** All subcommands, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "train",
    summary: "train models",
    load: () => import("./train.ts"),
  },
  {
    name: "list-models",
    summary: "list the models of a registry",
    load: () => import("./list_models.ts"),
  },
  {
    name: "model-info",
    summary: "show everything that is known about a model",
    load: () => import("./model_info.ts"),
  },
  {
    name: "registry",
    summary: "look after a model registry",
    load: () => import("./registry.ts"),
  },
  {
    name: "supervise",
    summary: "run a job to its end",
    hidden: true,
    load: () => import("./supervise.ts"),
  },
];
