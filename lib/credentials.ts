/**
 * The rooms this machine has joined, and what proves it: `rooms.json` below `SLEAP_RTC_HOME`, for
 * its owner's eyes only. The Python program's `credentials.json` beside it is not touched.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { ConflictError, NotFoundError, UsageError } from "./errors.ts";
import { makeFolder, writeFileAtomic } from "./files/atomic_write.ts";
import { FileLock } from "./files/lock.ts";
import { logger } from "./log.ts";
import { homeFolder } from "./registry/root.ts";

const JoinedRoomSchema = v.looseObject({
  /** `http(s)://host:port` of the signaling server. */
  server: v.string(),
  room_id: v.string(),
  room_name: v.string(),
  /** What lets this machine into the room at the server. */
  account_key: v.string(),
  /** What peers prove to each other; the server does not know it. */
  secret: v.string(),
  /** May peers that cannot prove the connection (Python 0.0.7) be accepted? */
  allow_legacy: v.boolean(),
  /** UTC, ISO 8601. */
  joined_at: v.string(),
  /** SHA-256 of the code it was joined with, hex: the same link again asks nobody. */
  joined_with: v.string(),
});
/** A room this machine has joined. */
export type JoinedRoom = v.InferOutput<typeof JoinedRoomSchema>;

const FileSchema = v.looseObject({ version: v.literal("1.0"), rooms: v.array(JoinedRoomSchema) });
type File = v.InferOutput<typeof FileSchema>;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

const log = logger("credentials");

/**
 * The rooms this machine has joined, the latest last.
 *
 * @param home `SLEAP_RTC_HOME`
 * @throws {ConflictError} when the file is damaged
 */
export async function joinedRooms(home = homeFolder()): Promise<JoinedRoom[]> {
  return (await read(roomsFile(home))).rooms;
}

/**
 * The room that is meant: the only one, or the one with this ID or name.
 *
 * @param wanted value of `--room`
 * @param home `SLEAP_RTC_HOME`
 * @throws {NotFoundError} when none was joined, or no such one
 * @throws {UsageError} when there are several and none, or an ambiguous name, was given
 */
export async function findJoinedRoom(
  wanted: string | undefined,
  home = homeFolder(),
): Promise<JoinedRoom> {
  const rooms = await joinedRooms(home);
  if (rooms.length === 0) {
    throw new NotFoundError("This machine has not joined a room", {
      hint: "Ask a member for a link (`sleap-rtc invite`), and run `sleap-rtc join LINK`.",
    });
  }
  const exact = rooms.filter((room) => room.room_id === wanted);
  const fitting = exact.length > 0
    ? exact
    : rooms.filter((room) => wanted === undefined || room.room_name === wanted);
  const [room] = fitting;
  const names = rooms.map((room) => `${room.room_id} (${room.server})`).join(", ");
  if (room === undefined) {
    throw new NotFoundError(`This machine has not joined a room "${wanted}"`, {
      hint: `It has joined: ${names}`,
    });
  }
  if (fitting.length === 1) return room;
  throw new UsageError(
    "This machine has joined several rooms, and it is not clear which is meant",
    {
      hint: `Name one with --room: ${names}`,
    },
  );
}

/**
 * Remember a room in place of what was known of it.
 *
 * @param home `SLEAP_RTC_HOME`
 * @throws {ConflictError} when the file is damaged; it is not overwritten
 */
export async function storeRoom(room: JoinedRoom, home = homeFolder()): Promise<void> {
  const path = roomsFile(home);
  await makeFolder(home, FOLDER_MODE);
  using _lock = await FileLock.acquire(`${path}.lock`);
  const file = await read(path);
  const others = file.rooms.filter((other) => !isSameRoom(other, room));
  const changed: File = { ...file, rooms: [...others, room] };
  // Left by a killed writer, it could have another mode.
  await Deno.remove(`${path}.tmp`).catch(() => {});
  await writeFileAtomic(path, `${JSON.stringify(changed, null, 2)}\n`, { mode: FILE_MODE });
}

/** The same room of the same server, or of one that has moved to another address. */
export function isSameRoom(
  a: Pick<JoinedRoom, "server" | "room_id" | "secret">,
  b: Pick<JoinedRoom, "server" | "room_id" | "secret">,
): boolean {
  return a.room_id === b.room_id && (a.server === b.server || a.secret === b.secret);
}

function roomsFile(home: string): string {
  return join(home, "rooms.json");
}

async function read(path: string): Promise<File> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
    await keepPrivate(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { version: "1.0", rooms: [] };
    throw error;
  }
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), FileSchema), text);
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0]) ?? "no JSON";
  throw new ConflictError(`"${path}" is damaged: ${field}`, {
    hint: "Move it away and join your rooms again with new links, or repair it.",
  });
}

/** Somebody may have copied the file, or made it readable by hand. */
async function keepPrivate(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const { mode } = await Deno.stat(path);
  if (mode === null || (mode & OTHERS) === 0) return;
  await Deno.chmod(path, FILE_MODE);
  log.warn(`"${path}" could be read by others; it is private again. Its keys may be known.`);
}
