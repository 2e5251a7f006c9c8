import type { Fetch } from '@sluice/kube';
import { serveHttp, type HttpService } from '../up/serve.js';

/** What is served at one address. */
export interface Door {
  /** The flag that has the address, for messages. */
  readonly flag: string;
  /** `:8080`, `127.0.0.1:8080`; `0` for nowhere. */
  readonly address: string;
  readonly fetch: Fetch;
}

/** Opens the doors; those with one address are told apart by who knows the path. */
export async function openDoors(doors: readonly Door[]): Promise<{ close(): Promise<void> }> {
  const open: HttpService[] = [];
  const close = async (): Promise<void> => void (await Promise.all(open.map((service) => service.close())));
  try {
    for (const { flag, address, fetch } of doors) {
      if (address === '0' || address === '') continue;
      const { host, port } = parseAddress(flag, address);
      open.push(
        await serveHttp(fetch, port, host).catch((error: unknown) => {
          const { code } = error as NodeJS.ErrnoException;
          throw code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL'
            ? new Error(`--${flag}=${address} can't be listened at (${code}): choose another, or 0 for nowhere`, { cause: error })
            : error;
        }),
      );
    }
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

function parseAddress(flag: string, address: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(?:\[?([^\]]*?)\]?)?:(\d{1,5})$/.exec(address) ?? [];
  if (port === '' || Number(port) > 65_535) throw new Error(`--${flag}=${address} is no address: write :8080 or 127.0.0.1:8080`);
  return { host, port: Number(port) };
}
