/**
 * Opening a WebSocket to a signaling server.
 *
 * @module
 */
import { ConnectionError, messageOf, UsageError } from "../../errors.ts";
import { trustingClient } from "./trust.ts";

/**
 * The WebSocket address of a server.
 *
 * @param server `http://host:port` or `ws://host:port`, or with `s`
 * @throws {UsageError} when it is neither
 */
export function webSocketUrl(server: string): string {
  const url = URL.parse(server);
  if (url === null || !/^(?:https?|wss?):$/.test(url.protocol)) {
    throw new UsageError(`"${server}" is not the address of a signaling server`, {
      hint: "It has the form https://HOST:PORT",
    });
  }
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/**
 * Open a WebSocket.
 *
 * @throws {ConnectionError} when the server cannot be reached, or the signal is given
 */
export async function openSocket(server: string, signal: AbortSignal): Promise<WebSocket> {
  const url = webSocketUrl(server);
  using client = await trustingClient();
  const socket = new WebSocket(url, client === null ? {} : { client });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const give = () => reject(signal.reason);
  socket.onopen = () => resolve();
  socket.onerror = (event) => {
    event.preventDefault();
    reject(event instanceof ErrorEvent ? event.message : "connection failed");
  };
  socket.onclose = () => reject("connection closed");
  signal.addEventListener("abort", give);
  try {
    if (signal.aborted) give();
    await promise;
    return socket;
  } catch (error) {
    if (socket.readyState <= WebSocket.OPEN) socket.close();
    throw unreachable(server, error);
  } finally {
    signal.removeEventListener("abort", give);
    socket.onopen = socket.onclose = null;
  }
}

/** The error for a server that did not answer. */
export function unreachable(server: string, error: unknown): ConnectionError {
  return new ConnectionError(`Cannot reach the signaling server ${server}: ${plain(error)}`, {
    hint: "Is `sleap-rtc serve` running there, and is its port open to this machine?",
    cause: error,
  });
}

/** The part of a network error that helps. */
function plain(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = messageOf(cause);
  if (/Invalid status code: 429/.test(text)) return "it gets too many requests from this address";
  if (/certificate|UnknownIssuer/i.test(text)) {
    return "its certificate is not trusted here (SLEAP_RTC_CA names a PEM file with more)";
  }
  if (/timed? ?out/i.test(text)) return "no answer in time";
  if (/refused|tcp connect error/i.test(text)) return "connection refused or no route";
  if (/dns error|lookup/i.test(text)) return "unknown host";
  return text.replace(/^.*for url \([^)]*\): /, "");
}
