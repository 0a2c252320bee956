import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConflictError } from "../../../lib/errors.ts";
import { Accounts } from "../../../lib/signaling/accounts.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Accounts in a temporary folder, and a clock that a test turns. */
class AccountsBed implements AsyncDisposable {
  readonly path: string;
  now = 1_800_000_000;
  accounts: Accounts;

  private constructor(readonly folder: string) {
    this.path = join(folder, "accounts.sqlite");
    this.accounts = this.open();
  }

  static async create(): Promise<AccountsBed> {
    return new AccountsBed(await Deno.makeTempDir({ prefix: "accounts-" }));
  }

  open(): Accounts {
    return new Accounts(this.path, () => this.now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.accounts.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("an invite makes a member with an account key; the first owns the room", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  assert.match(room.id, /^[0-9a-f]{8}$/);
  const { code } = accounts.createInvite(room.id);
  const alice = accounts.redeemInvite(code, "alice");
  const bob = accounts.redeemInvite(code, "bob");
  assert.match(alice?.accountKey ?? "", /^slp_acct_[\w-]{32}$/);
  assert.ok(alice && bob);
  assert.deepEqual(accounts.authenticate(alice.accountKey ?? ""), {
    user: alice.user,
    kind: "account",
    roomId: null,
  });
  assert.ok(accounts.isMember(bob.user, room.id));
  assert.equal(accounts.roomsOf(alice.user)[0]?.role, "owner");
  assert.equal(accounts.roomsOf(bob.user)[0]?.role, "member");
  assert.equal(accounts.memberCount(room.id), 2);
});

Deno.test("an invite is unknown, expired or used up", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  assert.equal(accounts.redeemInvite("unknown", "eve"), null);
  const once = accounts.createInvite(room.id, { uses: 1 });
  assert.ok(accounts.redeemInvite(once.code, "alice"));
  assert.equal(accounts.redeemInvite(once.code, "eve"), null);
  const short = accounts.createInvite(room.id, { lifetime: HOUR });
  bed.now += HOUR;
  assert.equal(accounts.redeemInvite(short.code, "eve"), null);
});

Deno.test("a member takes no use of an invite, and gets no second account", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  const { code } = accounts.createInvite(room.id, { uses: 2 });
  const alice = accounts.redeemInvite(code, "alice");
  assert.ok(alice);
  for (let n = 0; n < 3; n++) {
    assert.equal(accounts.redeemInvite(code, alice.user)?.accountKey, null);
  }
  assert.ok(accounts.redeemInvite(code, "bob"));
});

Deno.test("a room expires", async () => {
  await using bed = await AccountsBed.create();
  const room = bed.accounts.createRoom({ lifetime: DAY });
  const { code } = bed.accounts.createInvite(room.id, { lifetime: 2 * DAY });
  assert.equal(bed.accounts.room(room.id)?.id, room.id);
  bed.now += DAY;
  assert.equal(bed.accounts.room(room.id), null);
  assert.equal(bed.accounts.redeemInvite(code, "alice"), null);
});

Deno.test("keys expire, can be revoked, and tell which", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  const joined = accounts.redeemInvite(accounts.createInvite(room.id).code, "alice");
  assert.ok(joined?.accountKey);
  const { jwt } = accounts.createJwt(joined.user, 7 * DAY);
  const options = { name: "gpu1", lifetime: 7 * DAY };
  const { token } = accounts.createRoomToken(joined.user, room.id, options);
  const principal = accounts.authenticate(token);
  assert.ok(typeof principal !== "string");
  assert.equal(principal.roomId, room.id);
  bed.now += 7 * DAY;
  assert.equal(accounts.authenticate(jwt), "expired");
  assert.equal(accounts.authenticate(token), "expired");
  assert.ok(accounts.revoke(joined.accountKey));
  assert.ok(!accounts.revoke(joined.accountKey));
  assert.equal(accounts.authenticate(joined.accountKey), "revoked");
  assert.equal(accounts.authenticate("slp_acct_other"), "unknown");
});

Deno.test("a JWT has the claims that Python clients read, and cannot be forged", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  const joined = accounts.redeemInvite(accounts.createInvite(room.id).code, "alice");
  assert.ok(joined);
  const { jwt } = accounts.createJwt(joined.user, 7 * DAY);
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  assert.equal(claims.sub, joined.user.id);
  assert.equal(claims.username, "alice");
  assert.equal(claims.exp, bed.now + 7 * DAY);
  assert.match(signature, /^[\w-]{43}$/);
  assert.equal(accounts.authenticate(`${header}.${payload}.eA`), "unknown");
});

Deno.test("everything survives a restart; only hashes of keys and codes are stored", async () => {
  await using bed = await AccountsBed.create();
  const room = bed.accounts.createRoom();
  const { code } = bed.accounts.createInvite(room.id);
  const joined = bed.accounts.redeemInvite(code, "alice");
  assert.ok(joined?.accountKey);
  const { jwt } = bed.accounts.createJwt(joined.user, 7 * DAY);
  bed.accounts.close();
  const stored = new TextDecoder("latin1").decode(await Deno.readFile(bed.path));
  for (const secret of [code, joined.accountKey, jwt]) assert.ok(!stored.includes(secret));
  assert.ok(stored.includes("alice"));
  bed.accounts = bed.open();
  assert.ok(typeof bed.accounts.authenticate(joined.accountKey) !== "string");
  assert.deepEqual(bed.accounts.rooms(), [room]);
  assert.ok(bed.accounts.redeemInvite(code, "bob"));
});

Deno.test("nobody else may read the file", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using bed = await AccountsBed.create();
  for await (const { name } of Deno.readDir(bed.folder)) {
    assert.equal(((await Deno.stat(join(bed.folder, name))).mode ?? 0o777) & 0o077, 0, name);
  }
});

Deno.test("a damaged or newer file is a conflict, and stays as it is", async () => {
  await using bed = await AccountsBed.create();
  const damaged = join(bed.folder, "damaged.sqlite");
  await Deno.writeTextFile(damaged, "no database ".repeat(1000));
  assert.throws(() => new Accounts(damaged), ConflictError);
  assert.match(await Deno.readTextFile(damaged), /^no database/);
  const newer = join(bed.folder, "newer.sqlite");
  const database = new DatabaseSync(newer);
  database.exec("PRAGMA user_version = 99");
  database.close();
  assert.throws(() => new Accounts(newer), /newer sleap-rtc/);
});

Deno.test("public keys of all members of a room, each once", async () => {
  await using bed = await AccountsBed.create();
  const { accounts } = bed;
  const room = accounts.createRoom();
  const joined = accounts.redeemInvite(accounts.createInvite(room.id).code, "alice");
  assert.ok(joined);
  const first = accounts.publicKeys.add(joined.user, "k".repeat(43), "laptop");
  assert.equal(accounts.publicKeys.add(joined.user, "k".repeat(43), "gui").id, first.id);
  const keys = accounts.publicKeys.ofRoom(room.id);
  assert.deepEqual(keys.map(({ deviceName, user }) => [deviceName, user.name]), [["gui", "alice"]]);
  assert.deepEqual(accounts.publicKeys.ofRoom("00000000"), []);
});
