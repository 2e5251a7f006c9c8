import { setMaxListeners } from 'node:events';

/** Calls once when the signal is aborted. Returns what takes that back. */
export function onAbort(signal: AbortSignal | undefined, call: () => void): () => void {
  if (signal === undefined) return () => undefined;
  // One signal ends many calls at once: that is no leak, which Node would warn of from the eleventh listener on.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', call, { once: true });
  return () => signal.removeEventListener('abort', call);
}
