import assert from "node:assert/strict";
import { join } from "node:path";
import { findJoinedRoom, type JoinedRoom, joinedRooms, storeRoom } from "../../lib/credentials.ts";
import { ConflictError } from "../../lib/errors.ts";
import { CapturedLog } from "../support/captured_log.ts";

/** `SLEAP_RTC_HOME` is a temporary folder for a scope. */
class Home implements AsyncDisposable {
  readonly #previous = Deno.env.get("SLEAP_RTC_HOME");

  private constructor(readonly folder: string) {
    Deno.env.set("SLEAP_RTC_HOME", folder);
  }

  static async create(): Promise<Home> {
    return new Home(await Deno.makeTempDir({ prefix: "home-" }));
  }

  get file(): string {
    return join(this.folder, "rooms.json");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#previous === undefined) Deno.env.delete("SLEAP_RTC_HOME");
    else Deno.env.set("SLEAP_RTC_HOME", this.#previous);
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
  await using _home = await Home.create();
  assert.deepEqual(await joinedRooms(), []);
  await storeRoom(room("a"));
  assert.deepEqual(await findJoinedRoom(undefined), room("a"));
  await storeRoom(room("b"));
  await storeRoom(room("a", { allow_legacy: true }));
  assert.deepEqual(await joinedRooms(), [room("b"), room("a", { allow_legacy: true })]);
  assert.equal((await findJoinedRoom("name of b")).room_id, "b");
  assert.equal((await findJoinedRoom("a")).room_id, "a");
});

Deno.test("a server that has moved is the same room; another server's is not", async () => {
  await using _home = await Home.create();
  await storeRoom(room("a"));
  await storeRoom(room("a", { server: "https://lab.example" }));
  assert.deepEqual((await joinedRooms()).map(({ server }) => server), ["https://lab.example"]);
  await storeRoom(room("a", { server: "https://other.example", secret: "other" }));
  assert.equal((await joinedRooms()).length, 2);
});

Deno.test("rooms joined at the same time are all stored", async () => {
  await using _home = await Home.create();
  const ids = Array.from({ length: 10 }, (_, n) => `room${n}`);
  await Promise.all(ids.map((id) => storeRoom(room(id))));
  assert.deepEqual((await joinedRooms()).map(({ room_id }) => room_id).sort(), ids);
});

Deno.test("unknown keys are kept", async () => {
  await using home = await Home.create();
  const file = { version: "1.0", later: 1, rooms: [{ ...room("a"), later: { x: 2 } }] };
  await Deno.writeTextFile(home.file, JSON.stringify(file), { mode: 0o600 });
  await storeRoom(room("b"));
  const stored = JSON.parse(await Deno.readTextFile(home.file));
  assert.equal(stored.later, 1);
  assert.deepEqual(stored.rooms[0].later, { x: 2 });
});

Deno.test("a damaged file is a conflict, is not overwritten and not shown", async () => {
  await using home = await Home.create();
  const damaged = ["{", "[]", '{"version":"1.0","rooms":[{"secret":"hidden"}]}'];
  for (const text of damaged) {
    await Deno.writeTextFile(home.file, text, { mode: 0o600 });
    await assert.rejects(storeRoom(room("a")), (error: Error) => {
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
  await storeRoom(room("a"));
  assert.equal(((await Deno.stat(home.file)).mode ?? 0) & 0o777, 0o600);
  await Deno.chmod(home.file, 0o644);
  await joinedRooms();
  assert.equal(((await Deno.stat(home.file)).mode ?? 0) & 0o777, 0o600);
  assert.match(log.lines.join("\n"), /could be read by others/);
});
