/**
 * Rooms, and how to get into one.
 *
 * @module
 */
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import * as v from "valibot";
import { logger } from "../../../log.ts";
import type { HttpContext } from "../http.ts";
import { accountOf, bodyOf, NameSchema, requireMember } from "./request.ts";

const DAY = 86_400;
const MAX_DAYS = 365;

const JoinSchema = v.object({
  invite_code: v.pipe(v.string(), v.maxLength(64)),
  /** Of the person or machine, for a new account. */
  name: v.optional(NameSchema, "unnamed"),
});
const InviteSchema = v.object({
  uses: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  expires_in_seconds: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DAYS * DAY)),
  ),
});
const NewRoomSchema = v.object({
  name: v.nullish(NameSchema),
  expires_in_days: v.nullish(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DAYS)),
  ),
});

const log = logger("signaling");

/** Add the routes below `/api/auth/rooms`, and the workers of a room. */
export function addRoomRoutes(app: Hono, { accounts, rooms }: HttpContext): void {
  app.post("/api/auth/rooms/join", async (c) => {
    const { invite_code, name } = await bodyOf(c, JoinSchema);
    const isKnown = c.req.header("Authorization") !== undefined;
    const joined = accounts.redeemInvite(invite_code, isKnown ? accountOf(c, accounts).user : name);
    if (joined === null) {
      throw new HTTPException(403, { message: "Invalid or expired invite code" });
    }
    const { room, user, accountKey } = joined;
    log.info(`"${user.name}" joined room ${room.id}`);
    return c.json({
      message: `Joined ${room.name}`,
      room_id: room.id,
      name: room.name,
      user: { user_id: user.id, username: user.name },
      ...(accountKey === null ? {} : { account_key: accountKey }),
    });
  });

  app.post("/api/auth/rooms/:id/invite", async (c) => {
    const roomId = c.req.param("id");
    requireMember(accountOf(c, accounts), roomId, accounts);
    const { uses, expires_in_seconds } = await bodyOf(c, InviteSchema);
    const invite = accounts.createInvite(roomId, {
      ...(uses === undefined ? {} : { uses }),
      ...(expires_in_seconds === undefined ? {} : { lifetime: expires_in_seconds }),
    });
    return c.json({
      invite_code: invite.code,
      room_id: roomId,
      expires_in_seconds: invite.lifetime,
      uses: invite.uses,
    });
  });

  app.get("/api/auth/rooms", (c) => {
    const { user } = accountOf(c, accounts);
    return c.json({
      rooms: accounts.roomsOf(user).map(({ room, role, joinedAt }) => ({
        room_id: room.id,
        name: room.name,
        role,
        joined_at: new Date(joinedAt * 1000).toISOString(),
        expires_at: room.expiresAt,
      })),
    });
  });

  app.post("/api/auth/rooms", async (c) => {
    const { user } = accountOf(c, accounts);
    const { name, expires_in_days } = await bodyOf(c, NewRoomSchema);
    const room = accounts.createRoom({
      owner: user,
      ...(name ? { name } : {}),
      ...(expires_in_days ? { lifetime: expires_in_days * DAY } : {}),
    });
    // Python commands show a token; nothing is opened by it here.
    return c.json({
      room_id: room.id,
      room_token: "",
      name: room.name,
      expires_at: room.expiresAt,
    });
  });

  app.get("/api/rooms/:id/workers", (c) => {
    const roomId = c.req.param("id");
    requireMember(accountOf(c, accounts), roomId, accounts);
    const workers = rooms.peersIn(roomId).filter(({ role }) => role === "worker");
    return c.json({
      workers: workers.map(({ id, connectedAt, metadata }) => ({
        peer_id: id,
        connected_at: connectedAt,
        properties: metadata["properties"],
      })),
      count: workers.length,
    });
  });
}
