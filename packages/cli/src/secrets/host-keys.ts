import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorMessage } from '@sluice/core';

const run = promisify(execFile);

/** How long a server may take to show its keys. */
const SCAN_SECONDS = 10;

/**
 * The keys of an SSH server, as lines of a known_hosts file, as it shows them now.
 *
 * @param host with the port, where it is not 22
 */
export async function scanHostKeys(host: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = addressOf(host);
  let output: string;
  try {
    const args = ['-T', String(SCAN_SECONDS), '-p', port, hostname];
    output = (await run('ssh-keyscan', args, { signal, encoding: 'utf8' })).stdout;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('ssh-keyscan is missing, which asks an SSH server for its key: install the client of OpenSSH', { cause: error });
    output = (error as { stdout?: string }).stdout ?? '';
    if (output === '') throw unreachable(host, errorMessage(error), error);
  }
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw unreachable(host, 'it showed no key');
  return `${lines.toSorted().join('\n')}\n`;
}

function unreachable(host: string, why: string, cause?: unknown): Error {
  const reason = why.split('\n')[0] ?? why;
  return new Error(
    `SSH key scan for host ${JSON.stringify(host)} failed: ${reason}; check the name, the port, and that it can be reached from here`,
    {
      cause,
    },
  );
}

function addressOf(host: string): { hostname: string; port: string } {
  const url = URL.canParse(`ssh://${host}`) ? new URL(`ssh://${host}`) : undefined;
  const hostname = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  if (hostname === '' || hostname.startsWith('-')) throw new Error(`${JSON.stringify(host)} is no host of an SSH server`);
  return { hostname, port: url?.port === '' || url === undefined ? '22' : url.port };
}
