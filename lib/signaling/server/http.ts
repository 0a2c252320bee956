/**
 * The server's HTTP side: joining, invites, and what Python 0.0.7 peers ask for.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { logger } from "../../log.ts";
import { messageOf } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import type { Accounts } from "../accounts.ts";
import { addKeyRoutes } from "./http/keys.ts";
import { addRoomRoutes } from "./http/rooms.ts";
import { JOIN_PAGE } from "./http/join_page.ts";
import type { Rooms } from "./rooms.ts";

/** What the routes work with. */
export interface HttpContext {
  accounts: Accounts;
  rooms: Rooms;
}

const log = logger("signaling");

/** All routes. Pass requests that are no WebSocket upgrades to its `fetch`. */
export function httpRoutes(context: HttpContext): Hono {
  const app = new Hono();
  app.use(secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'unsafe-inline'"] },
    referrerPolicy: "no-referrer",
  }));
  app.use(async (c, next) => {
    c.header("Cache-Control", "no-store");
    await next();
  });
  app.get(
    "/health",
    (c) => c.json({ status: "healthy", timestamp: new Date().toISOString(), version: VERSION }),
  );
  app.get("/join/:code", (c) => c.html(JOIN_PAGE));
  // Python peers call these without a credential when they leave; their socket's end says it.
  app.post("/delete-peer", (c) => c.json({ status: "ok" }));
  app.post("/delete-peers-and-room", (c) => c.json({ status: "ok" }));
  addRoomRoutes(app, context);
  addKeyRoutes(app, context);
  app.notFound((c) => failure(c, 404, "Not found"));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return failure(c, error.status, error.message);
    log.error(`request failed: ${messageOf(error)}`);
    return failure(c, 500, "Internal error");
  });
  return app;
}

/** Python clients read `error` in some commands and `detail` in others. */
function failure(c: Context, status: number, text: string): Response {
  c.status(status as 400);
  return c.json({ detail: text, error: text });
}
