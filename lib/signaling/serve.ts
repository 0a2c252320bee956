/**
 * Running a signaling server with its data folder.
 *
 * @module
 */
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../errors.ts";
import { makeFolder } from "../files/atomic_write.ts";
import { FileLock, heldError, readLockHolder } from "../files/lock.ts";
import { Accounts, type Room } from "./accounts.ts";
import { formatJoinLink, newRoomSecret } from "./join_link.ts";
import { type ServerLimits, SignalingServer } from "./server.ts";

/** Options of {@linkcode Service.start}. */
export interface ServiceOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  /** Folder of the accounts; made if there is none. */
  data: string;
  /** Paths of PEM files. */
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  /** What others reach the server by, e.g. behind a proxy. @default the address it listens on */
  publicUrl?: string | undefined;
  limits?: Partial<ServerLimits>;
}

const FOLDER_MODE = 0o700;

/** A running signaling server with its data folder. */
export class Service implements AsyncDisposable {
  /** `http(s)://host:port` of the join links. */
  readonly url: string;
  readonly #accounts: Accounts;
  readonly #server: SignalingServer;
  readonly #lock: FileLock;

  /**
   * Open the accounts and listen.
   *
   * @throws {UsageError} when the address or the TLS files cannot be used
   * @throws {NotFoundError} when a TLS file does not exist
   * @throws {ConflictError} when the port is taken, another server uses the folder, or the accounts
   * are damaged
   */
  static async start(options: ServiceOptions): Promise<Service> {
    const publicUrl = checkPublicUrl(options.publicUrl);
    const tls = await readTls(options);
    await makeFolder(options.data, FOLDER_MODE);
    const lock = await lockFolder(options.data);
    let accounts: Accounts | null = null;
    try {
      accounts = new Accounts(join(options.data, "accounts.sqlite"));
      const { host, port, limits = {} } = options;
      const server = SignalingServer.start({ host, port, accounts, tls, limits });
      const own = `${tls === undefined ? "http" : "https"}://${reachableHost(host)}:${server.port}`;
      return new Service(publicUrl ?? own, accounts, server, lock);
    } catch (error) {
      accounts?.close();
      lock.release();
      throw error;
    }
  }

  private constructor(url: string, accounts: Accounts, server: SignalingServer, lock: FileLock) {
    this.url = url;
    this.#accounts = accounts;
    this.#server = server;
    this.#lock = lock;
  }

  /** The rooms of this server, the oldest first. */
  rooms(): (Room & { members: number })[] {
    return this.#accounts.rooms().map((room) => ({
      ...room,
      members: this.#accounts.memberCount(room.id),
    }));
  }

  /** The server. */
  get server(): SignalingServer {
    return this.#server;
  }

  /** Make a room and the link into it. Its secret is in the link and nowhere else. */
  newRoom(): { room: Room; link: string } {
    const room = this.#accounts.createRoom();
    const { code } = this.#accounts.createInvite(room.id);
    return { room, link: formatJoinLink({ server: this.url, code, secret: newRoomSecret() }) };
  }

  /** End the server and free the folder. */
  async close(): Promise<void> {
    await this.#server.close();
    this.#accounts.close();
    this.#lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Does only this machine reach a server on `host`? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

async function lockFolder(folder: string): Promise<FileLock> {
  const path = join(folder, "serve.lock");
  const lock = await FileLock.tryAcquire(path);
  if (lock !== null) return lock;
  const { message } = heldError(path, await readLockHolder(path));
  throw new ConflictError(message, {
    hint: "A server runs in this folder already; end it, or name another folder with --data DIR.",
  });
}

async function readTls(
  { tlsCert, tlsKey }: ServiceOptions,
): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError("TLS needs a certificate and its key", {
      hint: "Give both --tls-cert FILE and --tls-key FILE.",
    });
  }
  return { cert: await readPem(tlsCert), key: await readPem(tlsKey) };
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new NotFoundError(`Cannot read "${path}"`, {
      hint: "Name PEM files that this user may read.",
      cause: error,
    });
  }
}

function checkPublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "") {
    return url.href.replace(/\/$/, "");
  }
  throw new UsageError(`"${text}" is not the address of a server`, {
    hint: "It has the form https://HOST or https://HOST:PORT",
  });
}

/** A name or address by which others reach a server on `host`. */
function reachableHost(host: string): string {
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? outerAddress() ?? hostname() : host;
  return name.includes(":") ? `[${name}]` : name;
}

function outerAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
