import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { guardedLookup, refuseLinkLocal } from '@sluice/sources';

export interface SocketAccess {
  /** Lets the host be at a link-local address, where clouds keep their machines' credentials. */
  readonly allowLinkLocal: boolean;
  readonly signal: AbortSignal;
}

/** A host of an address, without the brackets that addresses of IPv6 have in it. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/gu, '');

/** Connects to where an address points, for protocols that are not HTTP. */
export async function openSocket(url: URL, defaultPort: number, { allowLinkLocal, signal }: SocketAccess): Promise<Socket> {
  if (!allowLinkLocal) refuseLinkLocal(url);
  const port = Number(url.port === '' ? defaultPort : url.port);
  const socket = connect({ host: hostOf(url), port, ...(allowLinkLocal ? {} : { lookup: guardedLookup }) });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? new Error('no answer in time', { cause: error }) : error;
  }
}
