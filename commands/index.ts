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
    name: "track",
    summary: "predict poses with a model",
    load: () => import("./track.ts"),
  },
  {
    name: "jobs",
    summary: "look at trainings that run or wait, and end them",
    load: () => import("./jobs.ts"),
  },
  {
    name: "worker",
    summary: "train for others in a room, on this machine",
    load: () => import("./worker.ts"),
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
    name: "tag-model",
    summary: "give a model a name",
    load: () => import("./tag_model.ts"),
  },
  {
    name: "import-model",
    summary: "take a model in that was trained elsewhere",
    load: () => import("./import_model.ts"),
  },
  {
    name: "abandon-model",
    summary: "give an interrupted or failed model up",
    load: () => import("./abandon_model.ts"),
  },
  {
    name: "delete-model",
    summary: "delete a model and its files",
    load: () => import("./delete_model.ts"),
  },
  {
    name: "registry",
    summary: "look after a model registry",
    load: () => import("./registry.ts"),
  },
  {
    name: "serve",
    summary: "run the server at which machines find each other",
    load: () => import("./serve.ts"),
  },
  {
    name: "join",
    summary: "join a room, once on each machine",
    load: () => import("./join.ts"),
  },
  {
    name: "invite",
    summary: "print a link for a further machine",
    load: () => import("./invite.ts"),
  },
  {
    name: "status",
    summary: "show the rooms of this machine and who is there",
    load: () => import("./status.ts"),
  },
  {
    name: "supervise",
    summary: "run a job to its end",
    hidden: true,
    load: () => import("./supervise.ts"),
  },
];
