/**
 * Statements on the database, with values.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";

/** A value in the database. */
export type Value = string | number | null | Uint8Array;
/** A row by column. */
export type Row = Record<string, unknown>;

/** Base of what keeps a part of the database. */
export class Table {
  readonly #database: DatabaseSync;
  /** The time in Unix seconds. */
  protected readonly now: () => number;

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database;
    this.now = now;
  }

  /** Change rows; the number of those changed. */
  protected run(sql: string, ...values: Value[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  /** The first row. */
  protected get(sql: string, ...values: Value[]): Row | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  /** All rows. */
  protected all(sql: string, ...values: Value[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}
