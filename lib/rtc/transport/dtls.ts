/**
 * What werift's DTLS leaves open, closed here.
 *
 * werift 0.25.2 checks the fingerprint of the peer's certificate, but neither the signatures that
 * prove possession of its key (ServerKeyExchange, CertificateVerify) nor the Finished messages; a
 * second message of a kind replaces the first in use, but not in the transcript; and a plain-text
 * ClientHello makes a connected server begin anew; an alert in plain text, or a record of an unknown
 * kind, ends the connection. A certificate can be seen on the wire, so its fingerprint alone says
 * nothing about who holds the other end. Therefore:
 *
 * - `guardRecords()` drops alerts that are not the peer's, and what is no record;
 * - {@linkcode guardHandshake} lets one version of each handshake message through, and none once
 *   connected, so that the keys in use are those of the transcript and never change;
 * - {@linkcode bindingOf} yields a value that only the two ends of this very connection share: keying
 *   material exported from the extended master secret, as in RFC 9266.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { DtlsSocket } from "werift";

/** What is peculiar to one DTLS connection. */
export interface DtlsBinding {
  /** SHA-256 of our certificate, 64 hex digits. */
  localFingerprint: string;
  /** SHA-256 of the certificate that the peer showed in the handshake, 64 hex digits. */
  remoteFingerprint: string;
  /** 32 bytes that only the two ends of this connection know, 64 hex digits. */
  keyingMaterial: string;
}

const EXPORTER_LABEL = "EXPORTER-sleap-rtc-peer-proof";
const CLIENT_HELLO = 1;
const FINISHED = 20;
const HEADER_BYTES = 13;
const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** Level "warning", description 0 (RFC 5246, 7.2.1). */
const CLOSE_NOTIFY = [1, 0];

/** Handshake messages, as werift hands them on. */
type Handshakes = Parameters<DtlsSocket["onHandleHandshakes"]>[0];
type EncryptedRecord = Parameters<DtlsSocket["cipher"]["decryptPacket"]>[0];
type Guarded = Pick<DtlsSocket, "onHandleHandshakes" | "connected">;

/** Guard a socket from before its first packet. */
export function guardDtls(dtls: DtlsSocket): void {
  guardRecords(dtls);
  guardHandshake(dtls);
}

/** Let nobody but the peer end the connection. */
function guardRecords(dtls: DtlsSocket): void {
  const { socket } = dtls.transport;
  const { onData } = socket;
  if (onData === undefined) return;
  socket.onData = (datagram, address) => {
    if (isAcceptable(datagram, dtls)) onData(datagram, address);
  };
}

function isAcceptable(datagram: Buffer, dtls: DtlsSocket): boolean {
  let rest = datagram;
  while (rest.length >= HEADER_BYTES) {
    const end = HEADER_BYTES + rest.readUInt16BE(HEADER_BYTES - 2);
    if (rest.length < end || !isAcceptableRecord(rest.subarray(0, end), dtls)) return false;
    rest = rest.subarray(end);
  }
  return rest.length === 0;
}

function isAcceptableRecord(record: Buffer, { cipher }: DtlsSocket): boolean {
  const contentType = record.readUInt8(0);
  if (contentType !== ALERT) {
    return [CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA].includes(contentType);
  }
  const epoch = record.readUInt16BE(3);
  if (epoch === 0) return false;
  const fragment = record.subarray(HEADER_BYTES);
  const recordLayerHeader = {
    contentType,
    protocolVersion: { major: record.readUInt8(1), minor: record.readUInt8(2) },
    epoch,
    sequenceNumber: record.readUIntBE(5, 6),
    contentLen: fragment.length,
  };
  try {
    cipher.decryptPacket({ recordLayerHeader, fragment } as EncryptedRecord);
    return true;
  } catch {
    return false;
  }
}

/** Let nobody change the keys, from the first handshake message on. */
export function guardHandshake(dtls: Guarded): void {
  const handle = dtls.onHandleHandshakes;
  const seen = new Map<number, Buffer[]>();
  dtls.onHandleHandshakes = async (handshakes) => {
    const passed = handshakes.filter((handshake) => isAllowed(handshake, dtls.connected, seen));
    if (passed.length > 0) await handle(passed);
  };
}

/** A repeated message is passed on: werift repeats what it sent, when that was lost. */
function isAllowed(
  { msg_type, fragment }: Handshakes[number],
  isConnected: boolean,
  seen: Map<number, Buffer[]>,
): boolean {
  if (isConnected && msg_type !== FINISHED) return false;
  const known = seen.get(msg_type) ?? [];
  if (known.some((version) => version.equals(fragment))) return true;
  // without and with cookie
  if (known.length >= (msg_type === CLIENT_HELLO ? 2 : 1)) return false;
  seen.set(msg_type, [...known, Buffer.from(fragment)]);
  return true;
}

/** Nail down the keys of a connected socket. */
export function sealKeys(dtls: DtlsSocket): void {
  pin(dtls, "cipher");
  pin(dtls.cipher, "masterSecret");
  pin(dtls.cipher, "cipher");
}

function pin<T extends object>(object: T, property: keyof T): void {
  Object.defineProperty(object, property, {
    value: object[property],
    writable: false,
    configurable: false,
  });
}

/**
 * What is peculiar to this connection.
 *
 * @returns null when the peer did not use the extended master secret (RFC 7627), without which
 * exported material binds nothing
 */
export function bindingOf(dtls: DtlsSocket): DtlsBinding | null {
  const { localCert } = dtls.cipher;
  if (!dtls.dtls.remoteExtendedMasterSecret || dtls.remoteCertificate === undefined) return null;
  return {
    localFingerprint: sha256(localCert),
    remoteFingerprint: sha256(dtls.remoteCertificate),
    keyingMaterial: dtls.exportKeyingMaterial(EXPORTER_LABEL, 32).toString("hex"),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Say on the DTLS level that we close, which werift does not: an aiortc peer would need half a minute
 * to notice.
 */
export async function sendCloseNotify(dtls: DtlsSocket): Promise<void> {
  const { cipher } = dtls;
  const encrypt = cipher.encryptPacket;
  cipher.encryptPacket = (packet) => {
    packet.recordLayerHeader.contentType = ALERT;
    return encrypt.call(cipher, packet);
  };
  // encrypted before the first await
  const sent = dtls.send(Buffer.from(CLOSE_NOTIFY));
  cipher.encryptPacket = encrypt;
  await sent;
}
