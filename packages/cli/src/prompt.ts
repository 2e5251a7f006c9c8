import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks a yes or no question on the terminal. Where nobody can answer, the answer is no. */
export async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const answer = await ask(`? ${question} [y/N] `, process.stderr, signal);
  return /^y(es)?$/i.test(answer.trim());
}

/** Reads a secret: from the keyboard without showing it, or one line of what is piped in. */
export async function readSecret(question: string, signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY) {
    process.stderr.write(question);
    const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
    const secret = await ask('', hidden, signal);
    process.stderr.write('\n');
    return secret.trim();
  }
  const secret = (await ask('', undefined, signal)).trim();
  if (secret === '') throw new Error('could not read token: nothing was piped in');
  return secret;
}

async function ask(question: string, output: NodeJS.WritableStream | undefined, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, ...(output === undefined ? {} : { output, terminal: true }) });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    return await Promise.race([lines.question(question, { signal }), ended]);
  } finally {
    lines.close();
  }
}
