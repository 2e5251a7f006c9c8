import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Where a process writes. Node's own streams take Node's network along, a tenth of what a short command costs: text goes
 * straight to the file, as Node's streams do it on pipes and terminals as well.
 */
export function writerTo(descriptor: 1 | 2): (text: string) => void {
  const stream = (): NodeJS.WriteStream => (descriptor === 1 ? process.stdout : process.stderr);
  let isLeftToNode = false;
  return (text) => {
    if (isLeftToNode) return void stream().write(text);
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // Somebody made the pipe one that does not wait.
      if (!isCode(error, 'EAGAIN')) return endIfUnread(error);
      isLeftToNode = true;
      stream().on('error', endIfUnread).write(bytes.subarray(written));
    }
  };
}

/** Whether a person looks at it. Node's way to tell takes its network along as well, and only a device can be a terminal. */
export function isTerminal(descriptor: 1 | 2): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
  } catch {
    return false;
  }
}

/** A reader that has seen enough (`| head`) is no error. */
function endIfUnread(error: unknown): void {
  if (isCode(error, 'EPIPE')) process.exit(0);
  throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
