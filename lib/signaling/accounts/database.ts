/**
 * The file with rooms, members, keys and invites.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { ConflictError, messageOf } from "../../errors.ts";

/** Counts up with each change of the tables. */
const SCHEMA_VERSION = 1;

/** Times are Unix seconds; hashes are SHA-256. */
const SCHEMA = `
  CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE rooms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE TABLE members (
    room_id TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
  ) STRICT;
  CREATE TABLE keys (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('account', 'token', 'jwt')),
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    room_id TEXT REFERENCES rooms ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT;
  CREATE TABLE invites (
    hash BLOB PRIMARY KEY,
    room_id TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses_left INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE public_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    public_key TEXT NOT NULL,
    device_name TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    UNIQUE (user_id, public_key)
  ) STRICT;
`;

/**
 * Open the database, making it if there is none. Nobody else may read the file.
 *
 * @throws {ConflictError} when the file is damaged, no database, or of a newer version
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
    database = new DatabaseSync(path);
    // An acknowledged invite or account must survive a power cut.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ConflictError) throw error;
    throw new ConflictError(`Cannot open the accounts in "${path}": ${messageOf(error)}`, {
      hint: "Restore the file from a backup, or name another folder with --data DIR.",
      cause: error,
    });
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > SCHEMA_VERSION) {
    throw new ConflictError(`"${path}" was written by a newer sleap-rtc`, {
      hint: "Run the newer version, or name another folder with --data DIR.",
    });
  }
  if (version === SCHEMA_VERSION) return;
  inTransaction(database, () => {
    database.exec(SCHEMA);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

/** Do all of it or, if it throws, nothing. */
export function inTransaction<T>(database: DatabaseSync, change: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = change();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
