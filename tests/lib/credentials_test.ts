import assert from "node:assert/strict";
import { join } from "node:path";
import { findJoinedRoom, type JoinedRoom, joinedRooms, storeRoom } from "../../lib/credentials.ts";
import { ConflictError } from "../../lib/errors.ts";
import { CapturedLog } from "../support/captured_log.ts";

/** A home in a temporary folder. */
class Home implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Home> {
    return new Home(await Deno.makeTempDir({ prefix: "home-" }));
  }

  get file(): string {
    return join(this.folder, "rooms.json");
  }

  rooms(): Promise<JoinedRoom[]> {
    return joinedRooms(this.folder);
  }

  find(wanted?: string): Promise<JoinedRoom> {
    return findJoinedRoom(wanted, this.folder);
  }

  store(room: JoinedRoom): Promise<void> {
    return storeRoom(room, this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function room(roomId: string, more: Partial<JoinedRoom> = {}): JoinedRoom {
  return {
    server: "http://127.0.0.1:8080",
    room_id: roomId,
    room_name: `name of ${roomId}`,
    account_key: "slp_acct_x",
    secret: `secret of ${roomId}`,
    allow_legacy: false,
    joined_at: "2026-11-24T08:00:00.000Z",
    joined_with: "00",
    ...more,
  };
}

Deno.test("rooms are stored, replaced and found by ID or name", async () => {
  await using home = await Home.create();
  assert.deepEqual(await home.rooms(), []);
  await home.store(room("a"));
  assert.deepEqual(await home.find(), room("a"));
  await home.store(room("b"));
  await home.store(room("a", { allow_legacy: true }));
  assert.deepEqual(await home.rooms(), [room("b"), room("a", { allow_legacy: true })]);
  assert.equal((await home.find("name of b")).room_id, "b");
  assert.equal((await home.find("a")).room_id, "a");
});

Deno.test("a server that has moved is the same room; another server's is not", async () => {
  await using home = await Home.create();
  await home.store(room("a"));
  await home.store(room("a", { server: "https://lab.example" }));
  assert.deepEqual((await home.rooms()).map(({ server }) => server), ["https://lab.example"]);
  await home.store(room("a", { server: "https://other.example", secret: "other" }));
  assert.equal((await home.rooms()).length, 2);
});

Deno.test("rooms joined at the same time are all stored", async () => {
  await using home = await Home.create();
  const ids = Array.from({ length: 10 }, (_, n) => `room${n}`);
  await Promise.all(ids.map((id) => home.store(room(id))));
  assert.deepEqual((await home.rooms()).map(({ room_id }) => room_id).sort(), ids);
});

Deno.test("unknown keys are kept", async () => {
  await using home = await Home.create();
  const file = { version: "1.0", later: 1, rooms: [{ ...room("a"), later: { x: 2 } }] };
  await Deno.writeTextFile(home.file, JSON.stringify(file), { mode: 0o600 });
  await home.store(room("b"));
  const stored = JSON.parse(await Deno.readTextFile(home.file));
  assert.equal(stored.later, 1);
  assert.deepEqual(stored.rooms[0].later, { x: 2 });
});

Deno.test("a damaged file is a conflict, is not overwritten and not shown", async () => {
  await using home = await Home.create();
  const damaged = ["{", "[]", '{"version":"1.0","rooms":[{"secret":"hidden"}]}'];
  for (const text of damaged) {
    await Deno.writeTextFile(home.file, text, { mode: 0o600 });
    await assert.rejects(home.store(room("a")), (error: Error) => {
      assert.ok(error instanceof ConflictError);
      assert.ok(!Deno.inspect(error).includes("hidden"));
      return error.message.includes(home.file);
    });
    assert.equal(await Deno.readTextFile(home.file), text);
  }
});

Deno.test("a file that others can read becomes private again, with a warning", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using home = await Home.create();
  using log = new CapturedLog();
  await home.store(room("a"));
  assert.equal(((await Deno.stat(home.file)).mode ?? 0) & 0o777, 0o600);
  await Deno.chmod(home.file, 0o644);
  await home.rooms();
  assert.equal(((await Deno.stat(home.file)).mode ?? 0) & 0o777, 0o600);
  assert.match(log.lines.join("\n"), /could be read by others/);
});
