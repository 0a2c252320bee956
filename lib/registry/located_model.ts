import type { ModelEntry } from "./entry.ts";

/** An entry, and what only the machine that holds it can tell. */
export interface LocatedModel {
  entry: ModelEntry;
  /** Is the file of its checkpoint there? */
  checkpointExists: boolean;
  /** False: it is `training`, but nobody looks after the training. */
  supervised: boolean;
  location: ModelLocation;
}

/** Where an entry is. */
export interface ModelLocation {
  host: string;
  /** Absolute path of the registry root. */
  root: string;
  /** ID of the worker in its room; undefined: this machine. */
  worker?: string;
}

/** A file that an entry names, as it is now. */
export interface FileState {
  exists: boolean;
  bytes?: number;
  /** UTC, ISO 8601; null: the file system does not tell. */
  modifiedAt?: string | null;
  /** What it is a link to. */
  target?: string;
  /** Is its size the recorded one? */
  hasRecordedSize?: boolean;
  /** SHA-256, where it was asked for. */
  sha256?: string;
  /** Is that the recorded one? */
  hasRecordedHash?: boolean;
}
