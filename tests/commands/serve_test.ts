import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CliResult, runCli } from "../support/cli.ts";
import { RunningCommand } from "../support/running_command.ts";
import { RawPeer } from "../support/signaling.ts";

const TLS = fileURLToPath(new URL("../fixtures/tls/", import.meta.url));

/** A folder with the homes of several machines. */
class Machines implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Machines> {
    return new Machines(await Deno.makeTempDir({ prefix: "machines-" }));
  }

  async serve(...args: string[]): Promise<RunningCommand> {
    return await RunningCommand.serve(args, { cwd: this.folder });
  }

  /** Run a command on one of them. */
  async on(machine: string, args: string[], more: RunOptions = {}): Promise<CliResult> {
    const env = { SLEAP_RTC_HOME: this.home(machine), ...more.env };
    const stdin = more.stdin === undefined ? {} : { stdin: more.stdin };
    return await runCli(args, { cwd: this.folder, env, ...stdin });
  }

  home(machine: string): string {
    return join(this.folder, `home-${machine}`);
  }

  async rooms(machine: string): Promise<Record<string, unknown>[]> {
    const text = await Deno.readTextFile(join(this.home(machine), "rooms.json"));
    return JSON.parse(text).rooms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

interface RunOptions {
  stdin?: string;
  env?: Record<string, string>;
}

Deno.test("serve prints a join link; join, invite and status work with it", async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve();
  const link = server.firstLine;
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/join\/[\w-]{28}#[\w-]{43}$/);

  const joined = await machines.on("gpu", ["join", link]);
  assert.equal(joined.code, 0, joined.stderr);
  const [room] = await machines.rooms("gpu");
  const roomId = String(room?.["room_id"]);
  assert.equal(joined.stdout, `joined room ${roomId} at ${server.url}\n`);
  assert.ok(link.endsWith(`#${room?.["secret"]}`));

  const piped = await machines.on("laptop", ["join", "-", "--json"], { stdin: `${link}\n` });
  assert.deepEqual(JSON.parse(piped.stdout), {
    server: server.url,
    room_id: roomId,
    room_name: roomId,
    allow_legacy: false,
  });

  const invited = await machines.on("laptop", ["invite", "--uses", "1", "--hours", "2", "--json"]);
  const invite = JSON.parse(invited.stdout);
  assert.deepEqual([invite.uses, invite.expires_in_seconds], [1, 7200]);
  assert.equal((await machines.on("second", ["join", invite.link])).code, 0);
  assert.equal((await machines.rooms("second"))[0]?.["secret"], room?.["secret"]);
  const used = await machines.on("third", ["join", invite.link]);
  assert.equal(used.code, 4);
  assert.match(
    used.stderr,
    /error: .* refused: Invalid or expired invite code\nhint: Ask a member/,
  );

  await using worker = await RawPeer.open(server.url);
  await worker.ask({
    type: "register",
    peer_id: "gpu1",
    role: "worker",
    room_id: roomId,
    api_key: room?.["account_key"],
    metadata: { properties: { status: "available", gpu_model: "A4000" } },
  });
  const status = await machines.on("laptop", ["status", "--json"]);
  assert.deepEqual(JSON.parse(status.stdout), [{
    server: server.url,
    room_id: roomId,
    room_name: roomId,
    allow_legacy: false,
    reachable: true,
    error: null,
    peers: [{
      peer_id: "gpu1",
      role: "worker",
      metadata: { properties: { status: "available", gpu_model: "A4000" } },
    }],
  }]);
  const table = await machines.on("laptop", ["status"]);
  assert.match(table.stdout, /reachable +refused\n\nPEER[^]*gpu1 +worker +\w+ +available +A4000/);
});

Deno.test("no secret is stored or logged by the server", async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve("--data", "data", "--debug");
  await machines.on("laptop", ["join", server.firstLine]);
  await machines.on("laptop", ["status"]);
  const [room] = await machines.rooms("laptop");
  const { stderr, stdout, code } = await server.stop();
  assert.equal(code, 0);
  assert.match(stderr, /SIGTERM: ending\n$/);
  const secret = String(room?.["secret"]);
  const linkCode = /join\/([\w-]{22})/.exec(stdout)?.[1] ?? "";
  let stored = "";
  for await (const { name } of Deno.readDir(join(machines.folder, "data"))) {
    stored += new TextDecoder("latin1").decode(
      await Deno.readFile(join(machines.folder, "data", name)),
    );
  }
  for (const text of [secret, linkCode, String(room?.["account_key"])]) {
    assert.notEqual(text, "");
    assert.ok(!stderr.includes(text) && !stored.includes(text));
  }
});

Deno.test("what is stored is for its owner only", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve("--data", "data");
  await machines.on("laptop", ["join", server.firstLine]);
  const paths = [
    machines.home("laptop"),
    join(machines.home("laptop"), "rooms.json"),
    join(machines.folder, "data"),
    join(machines.folder, "data", "accounts.sqlite"),
  ];
  for (const path of paths) assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o077, 0, path);
});

Deno.test("a server started again knows its rooms, and says how to invite", async () => {
  await using machines = await Machines.create();
  const first = await machines.serve();
  const { port } = new URL(first.url);
  const unjoined = await first.stop().then(() => machines.serve("--port", port));
  assert.match(unjoined.firstLine, /nobody has joined it; .* start with --new-room$/);
  await unjoined.stop();
  const again = await machines.serve("--port", port, "--new-room");
  assert.equal((await machines.on("laptop", ["join", again.firstLine])).code, 0);
  await again.stop("SIGINT");
  const away = await machines.on("laptop", ["status"]);
  assert.equal(away.code, 0);
  assert.match(away.stdout, /not reachable/);
  assert.match(away.stderr, /warning: Cannot reach the signaling server/);
  await using last = await machines.serve("--port", port);
  const [room] = await machines.rooms("laptop");
  const { stdout } = await machines.on("laptop", ["status", "--json"]);
  assert.equal(JSON.parse(stdout)[0].reachable, true);
  const { stdout: said } = await last.stop();
  assert.match(said, new RegExp(`room ${room?.["room_id"]}: for a link, run sleap-rtc invite`));
});

Deno.test("the same link again asks no server, and changes --allow-legacy", async () => {
  await using machines = await Machines.create();
  const server = await machines.serve();
  const link = server.firstLine;
  await machines.on("laptop", ["join", link]);
  await server.stop();
  const again = await machines.on("laptop", ["join", link, "--allow-legacy"]);
  assert.equal(again.code, 0, again.stderr);
  assert.equal((await machines.rooms("laptop"))[0]?.["allow_legacy"], true);
  await machines.on("laptop", ["join", link]);
  assert.equal((await machines.rooms("laptop"))[0]?.["allow_legacy"], true);
  await machines.on("laptop", ["join", link, "--no-allow-legacy"]);
  const [room, ...others] = await machines.rooms("laptop");
  assert.equal(room?.["allow_legacy"], false);
  assert.deepEqual(others, []);
});

Deno.test("wrong links and unreachable servers: exit 2, 4, 5, and no secret on the screen", async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve();
  const link = server.firstLine;
  const secret = link.slice(link.indexOf("#") + 1);
  const other = await machines.serve("--data", "other");
  const cases: [args: string[], code: number, text: RegExp][] = [
    [["join", "hello"], 2, /not a join link/],
    [["join", link.slice(0, -3)], 2, /has a typo, or a part of it is missing/],
    [["join", link.split("#")[0] ?? ""], 2, /has no secret/],
    [["join"], 2, /missing required argument/],
    [["join", other.firstLine.replace(other.url, server.url)], 4, /Invalid or expired invite code/],
    [["invite"], 3, /has not joined a room\nhint: Ask a member/],
    [["status", "--room", "x"], 3, /has not joined a room/],
  ];
  for (const [args, code, text] of cases) {
    const result = await machines.on("laptop", [...args, "--debug"]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, text);
    assert.match(result.stderr, /^error: .*\nhint: /m);
    assert.ok(!result.stderr.includes(secret.slice(0, 20)));
    assert.equal(result.stdout, "");
  }
  await other.stop();
  const away = await machines.on("laptop", ["join", other.firstLine]);
  assert.equal(away.code, 5);
  assert.match(away.stderr, /Cannot reach the signaling server .*: connection refused.*\nhint: Is/);
  const empty = await machines.on("laptop", ["join", "-"], { stdin: "" });
  assert.equal(empty.code, 2);
});

Deno.test("status of a machine without rooms says how to join one", async () => {
  await using machines = await Machines.create();
  const { code, stdout, stderr } = await machines.on("laptop", ["status"]);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /has not joined a room\nhint: Ask a member for a link/);
  assert.equal((await machines.on("laptop", ["status", "--json"])).stdout, "[]\n");
});

Deno.test("a machine in several rooms names the one it means", async () => {
  await using machines = await Machines.create();
  await using first = await machines.serve("--data", "first");
  await using second = await machines.serve("--data", "second");
  await machines.on("laptop", ["join", first.firstLine]);
  await machines.on("laptop", ["join", second.firstLine]);
  const unclear = await machines.on("laptop", ["invite"]);
  assert.equal(unclear.code, 2);
  assert.match(unclear.stderr, /several rooms[^]*hint: Name one with --room: \w{8} \(http/);
  const [, room] = await machines.rooms("laptop");
  const invited = await machines.on("laptop", ["invite", "--room", String(room?.["room_id"])]);
  assert.ok(invited.stdout.startsWith(second.url), invited.stderr);
  const unknown = await machines.on("laptop", ["invite", "--room", "nowhere"]);
  assert.equal(unknown.code, 3);
});

Deno.test("a port or folder that is taken: exit 7 and what to do", async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve("--data", "data");
  const { port } = new URL(server.url);
  const taken = await machines.on("x", ["serve", "--port", port, "--data", "other"]);
  assert.equal(taken.code, 7);
  assert.match(taken.stderr, /Cannot listen on 127.0.0.1:\d+: the port is taken\nhint: .*--port 0/);
  const locked = await machines.on("x", ["serve", "--port", "0", "--data", "data"]);
  assert.equal(locked.code, 7);
  assert.match(locked.stderr, /held by process \d+[^]*hint: A server runs in this folder already/);
});

Deno.test("serve refuses wrong options before it makes a room", async () => {
  await using machines = await Machines.create();
  const cases: [args: string[], code: number, text: RegExp][] = [
    [["--port", "70000"], 2, /A port from 0 to 65535/],
    [["--tls-cert", "cert.pem"], 2, /Give both --tls-cert FILE and --tls-key FILE/],
    [["--tls-cert", "no.pem", "--tls-key", "no.pem"], 3, /Cannot read "no.pem"/],
    [["--public-url", "lab.example"], 2, /not the address of a server/],
    [["--host", "203.0.113.7", "--port", "0"], 2, /Cannot listen on 203.0.113.7:0/],
  ];
  for (const [args, code, text] of cases) {
    const result = await machines.on("x", ["serve", ...args]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, text);
    assert.equal(result.stdout, "");
  }
  await Deno.writeTextFile(join(machines.folder, "bad.pem"), "no certificate");
  const bad = await machines.on("x", ["serve", "--tls-cert", "bad.pem", "--tls-key", "bad.pem"]);
  assert.equal(bad.code, 2, bad.stderr);
});

Deno.test("with a certificate it speaks https and wss only", async () => {
  await using machines = await Machines.create();
  const certificate = join(TLS, "server.cert.pem");
  await using server = await machines.serve(
    ...["--tls-cert", certificate, "--tls-key", join(TLS, "server.key.pem")],
  );
  assert.match(server.firstLine, /^https:\/\/127\.0\.0\.1:/);
  const untrusted = await machines.on("laptop", ["join", server.firstLine]);
  assert.equal(untrusted.code, 5);
  assert.match(untrusted.stderr, /its certificate is not trusted here/);
  const env = { SLEAP_RTC_CA: certificate };
  const joined = await machines.on("laptop", ["join", server.firstLine], { env });
  assert.equal(joined.code, 0, joined.stderr);
  const status = await machines.on("laptop", ["status", "--json"], { env });
  assert.equal(JSON.parse(status.stdout)[0].reachable, true, status.stdout);
  const none = await machines.on("laptop", ["status"], { env: { SLEAP_RTC_CA: "none.pem" } });
  assert.match(none.stderr, /Cannot read certificates from "none.pem"/);
});

Deno.test("the link names what others reach the server by", async () => {
  await using machines = await Machines.create();
  const proxied = await machines.serve("--public-url", "https://lab.example/rtc/");
  assert.match(proxied.firstLine, /^https:\/\/lab\.example\/rtc\/join\//);
  await proxied.stop();
  const open = await machines.serve("--data", "open", "--host", "0.0.0.0");
  assert.doesNotMatch(open.firstLine, /0\.0\.0\.0/);
  const { stderr } = await open.stop();
  assert.match(stderr, /WARNING serve: connections are not encrypted/);
});

Deno.test("a Python machine gets its credentials.json, good for client and worker", async () => {
  await using machines = await Machines.create();
  await using server = await machines.serve();
  await machines.on("laptop", ["join", server.firstLine]);
  const { stdout, stderr, code } = await machines.on("laptop", ["invite", "--python"]);
  assert.equal(code, 0, stderr);
  const [room] = await machines.rooms("laptop");
  const room_id = String(room?.["room_id"]);
  const { jwt, user, account_key, default_room, room_secrets, ...more } = JSON.parse(stdout);
  assert.deepEqual(more, {});
  assert.equal(default_room, room_id);
  assert.deepEqual(room_secrets, { [room_id]: room?.["secret"] });
  assert.match(user.username, /^python-[0-9a-f]{8}$/);
  assert.notEqual(account_key, room?.["account_key"]);
  assert.match(stderr, /SLEAP_RTC_SIGNALING_WS=ws:\/\/127/);
  for (const credential of [{ jwt, role: "client" }, { api_key: account_key, role: "worker" }]) {
    await using peer = await RawPeer.open(server.url);
    const answer = await peer.ask({ type: "register", peer_id: "p", room_id, ...credential });
    assert.equal(answer["type"], "registered_auth");
  }
});

Deno.test("a killed server forgets no member", async () => {
  await using machines = await Machines.create();
  const server = await machines.serve();
  const { port } = new URL(server.url);
  await machines.on("laptop", ["join", server.firstLine]);
  await server.stop("SIGKILL");
  await using _again = await machines.serve("--port", port);
  const { stdout } = await machines.on("laptop", ["status", "--json"]);
  assert.equal(JSON.parse(stdout)[0].reachable, true);
});

Deno.test("a link to another program's port: exit 1, not a signaling server", async () => {
  await using machines = await Machines.create();
  const server = await machines.serve();
  await server.stop();
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<h1>It works</h1>"),
  );
  const link = server.firstLine.replace(server.url, `http://127.0.0.1:${other.addr.port}`);
  const { code, stderr } = await machines.on("laptop", ["join", link]);
  assert.equal(code, 1);
  assert.match(stderr, /did not answer as a sleap-rtc signaling server \(200\)\nhint: Check/);
});
