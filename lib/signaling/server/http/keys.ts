/**
 * Further keys of an account, for Python 0.0.7 peers.
 *
 * @module
 */
import type { Hono } from "hono";
import * as v from "valibot";
import type { HttpContext } from "../http.ts";
import { accountOf, bearerOf, bodyOf, NameSchema, principalOf, requireMember } from "./request.ts";

const DAY = 86_400;
const days = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(365));

const JwtSchema = v.object({ expires_in_days: v.nullish(days) });
const TokenSchema = v.object({
  room_id: v.string(),
  worker_name: NameSchema,
  expires_in_days: v.nullish(days),
  /** What Python clients send. */
  expires_days: v.nullish(days),
});
const PublicKeySchema = v.object({
  /** Raw 32 bytes. */
  public_key: v.pipe(v.string(), v.regex(/^[\w-]{43}$/)),
  device_name: v.optional(NameSchema, "unnamed"),
});

/** Add the routes that make keys. */
export function addKeyRoutes(app: Hono, { accounts, rooms }: HttpContext): void {
  app.post("/api/auth/jwt", async (c) => {
    const { user } = accountOf(c, accounts);
    const { expires_in_days } = await bodyOf(c, JwtSchema);
    const { jwt, expiresAt } = accounts.createJwt(user, (expires_in_days ?? 7) * DAY);
    return c.json({
      jwt,
      expires_at: expiresAt,
      user: { id: user.id, username: user.name, avatar_url: "" },
    });
  });

  // Whoever loses a machine, or gives one away.
  app.delete("/api/auth/key", (c) => {
    const { user } = principalOf(c, accounts);
    accounts.revoke(bearerOf(c));
    rooms.disconnect(user);
    return c.json({ status: "revoked" });
  });

  app.post("/api/auth/token", async (c) => {
    const principal = accountOf(c, accounts);
    const body = await bodyOf(c, TokenSchema);
    requireMember(principal, body.room_id, accounts);
    const { token, expiresAt } = accounts.createRoomToken(principal.user, body.room_id, {
      name: body.worker_name,
      lifetime: (body.expires_in_days ?? body.expires_days ?? 7) * DAY,
    });
    return c.json({
      token_id: token,
      room_id: body.room_id,
      worker_name: body.worker_name,
      expires_at: new Date(expiresAt * 1000).toISOString(),
    });
  });

  app.post("/api/auth/public-keys", async (c) => {
    const { user } = accountOf(c, accounts);
    const { public_key, device_name } = await bodyOf(c, PublicKeySchema);
    const key = accounts.publicKeys.add(user, public_key, device_name);
    return c.json({
      key_id: key.id,
      public_key: key.publicKey,
      device_name: key.deviceName,
      registered_at: new Date(key.registeredAt * 1000).toISOString(),
    });
  });

  // A worker asks with whatever key it registered with.
  app.get("/api/rooms/:id/authorized-keys", (c) => {
    const roomId = c.req.param("id");
    requireMember(principalOf(c, accounts), roomId, accounts);
    return c.json({
      authorized_keys: accounts.publicKeys.ofRoom(roomId).map((key) => ({
        user_id: key.user.id,
        username: key.user.name,
        key_id: key.id,
        public_key: key.publicKey,
        device_name: key.deviceName,
      })),
    });
  });
}
