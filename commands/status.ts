import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { findJoinedRoom, joinedRooms } from "../lib/credentials.ts";
import { LEGACY_PROPERTY } from "../lib/protocol/worker_metadata.ts";
import type { PeerInfo } from "../lib/signaling/client.ts";
import { type RoomStatus, statusOf } from "../lib/signaling/room_status.ts";
import { isStdoutColoured, writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { renderTable } from "../lib/terminal/table.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  roomOption,
} from "./shared/options.ts";

const ROOM_COLUMNS = ["ROOM", "SERVER", "STATE", "PYTHON PEERS"];
const PEER_COLUMNS = ["PEER", "ROLE", "ROOM", "STATUS", "GPU", "PYTHON PEERS"];

/** `status`: the joined rooms, their servers, and who is there. */
export function command(): CommandUnknownOpts {
  return new Command("status")
    .summary("show the rooms of this machine and who is there")
    .description(
      "Show the rooms this machine has joined, whether they can be reached, and who is there.",
    )
    .addOption(roomOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  room?: string | undefined;
}

async function run(options: Options): Promise<void> {
  const rooms = options.room === undefined
    ? await joinedRooms()
    : [await findJoinedRoom(options.room)];
  const statuses = await Promise.all(rooms.map(statusOf));
  if (isJson(options)) {
    writeStdout(`${JSON.stringify(statuses.map(toJson), null, 2)}\n`);
    return;
  }
  if (statuses.length === 0) {
    writeStderr(
      "This machine has not joined a room\n" +
        "hint: Ask a member for a link (`sleap-rtc invite`), and run `sleap-rtc join LINK`.\n",
    );
    return;
  }
  writeStdout(describe(statuses));
  for (const { error } of statuses) if (error !== null) writeStderr(`warning: ${error}\n`);
}

function describe(statuses: RoomStatus[]): string {
  const isColoured = isStdoutColoured();
  const rooms = renderTable(
    ROOM_COLUMNS,
    statuses.map(({ room, error }) => [
      room.room_id,
      room.server,
      error === null ? "reachable" : "not reachable",
      room.allow_legacy ? "accepted" : "refused",
    ]),
    {
      isColoured,
      styleOf: (row, column) =>
        column !== 2 ? null : statuses[row]?.error === null ? "green" : "red",
    },
  );
  const peers = statuses.flatMap(({ room, peers }) =>
    peers.map((peer) => peerRow(peer, room.room_id))
  );
  if (statuses.every(({ error }) => error !== null)) return rooms;
  if (peers.length === 0) return `${rooms}\nNobody else is there.\n`;
  return `${rooms}\n${renderTable(PEER_COLUMNS, peers, { isColoured })}`;
}

function peerRow({ peerId, role, metadata }: PeerInfo, roomId: string): string[] {
  const properties = metadata["properties"] as Record<string, unknown> | undefined;
  const text = (name: string) => {
    const value = properties?.[name];
    return typeof value === "string" ? value : "-";
  };
  const accepts = properties?.[LEGACY_PROPERTY] === true ? "accepted" : "-";
  return [peerId, role, roomId, text("status"), text("gpu_model"), accepts];
}

function toJson({ room, error, peers }: RoomStatus): Record<string, unknown> {
  const { server, room_id, room_name, allow_legacy } = room;
  return {
    server,
    room_id,
    room_name,
    allow_legacy,
    reachable: error === null,
    error,
    peers: peers.map(({ peerId, role, metadata }) => ({ peer_id: peerId, role, metadata })),
  };
}
