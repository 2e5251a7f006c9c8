import { createHttpTransport, type HttpAccess, type HttpTransport } from '@sluice/sources';

/** Connections that are kept from one message to the next: to open one costs more than to send a message. */
export interface Connections {
  to(url: URL, access: HttpAccess): HttpTransport;
  close(): Promise<void>;
}

/** What is at the same place with the same certificates and proxy shares its connections: a Secret that changes makes others. */
export function createConnections(): Connections {
  const transports = new Map<string, HttpTransport>();
  return {
    to(url, access) {
      const key = JSON.stringify([url.origin, access]);
      let transport = transports.get(key);
      if (transport === undefined) transports.set(key, (transport = createHttpTransport(url, access)));
      return transport;
    },
    async close() {
      await Promise.all([...transports.values()].map((transport) => transport.close()));
    },
  };
}
