import { NotAuthorisedError } from "../errors.ts";
import { proveMutually } from "./authenticate/mutual_proof.ts";
import type { Channel } from "./channel.ts";
import { bindingOf } from "./transport/dtls.ts";
import { fingerprintsOf, type Role } from "./authenticate/proof.ts";
import { cannotConnect } from "./or_lost.ts";
import { type Timings, within } from "./timings.ts";
import type { Transport } from "./transport.ts";

/** Who is to be authenticated for what. */
export interface AuthenticationOptions {
  /** Our own role. */
  role: Role;
  room: string;
  secret: string;
  /** Both peers' IDs in the room. */
  peers: Record<Role, string>;
  timings: Timings;
}

/**
 * Authenticate the peer at the other end of a transport, and ourselves to it.
 *
 * @throws {NotAuthorisedError} when one side does not accept the other
 * @throws {ConnectionError} when the transport is lost before, or it takes too long
 */
export async function authenticate(
  transport: Transport,
  control: Channel,
  options: AuthenticationOptions,
): Promise<void> {
  const { role, room, secret, peers, timings } = options;
  const peer = peers[role === "client" ? "worker" : "client"];
  const prove = async () => {
    const dtls = await transport.secured.catch((cause) => {
      throw cannotConnect(peer, cause.message, cause);
    });
    const binding = bindingOf(dtls);
    if (binding === null) {
      throw new NotAuthorisedError(
        `Peer "${peer}" does not use the extended master secret: no proof can be bound to it`,
      );
    }
    const { keyingMaterial } = binding;
    const fingerprints = fingerprintsOf(binding, role);
    await proveMutually(control, {
      role,
      secret,
      about: { room, peers, fingerprints, keyingMaterial },
    });
  };
  await within(
    timings.authenticate,
    prove(),
    () => cannotConnect(peer, "it did not prove itself in time"),
  );
}
