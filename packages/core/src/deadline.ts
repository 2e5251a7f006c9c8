/**
 * A signal that is aborted after a time, or when another is: what `AbortSignal.any([signal, AbortSignal.timeout(ms)])`
 * should be. On Node 20 that one holds its sources weakly: a timeout that nothing else refers to is collected and never fires.
 * The timer does not keep the process alive. `message` is what is said when the time is up.
 */
export function deadlineSignal(milliseconds: number, signal?: AbortSignal, message?: string): AbortSignal {
  return startDeadline(milliseconds, signal, message).signal;
}

/** Runs something under such a signal, and leaves nothing behind when it has ended: a signal that lives long would collect listeners. */
export async function withDeadline<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal: ending, cancel } = startDeadline(milliseconds, signal);
  try {
    return await run(ending);
  } finally {
    cancel();
  }
}

/** The same for what is no promise, such as a stream: `cancel` leaves nothing behind. */
export function startDeadline(
  milliseconds: number,
  signal: AbortSignal | undefined,
  message = 'The operation was aborted due to timeout',
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const controller = new AbortController();
  const cancel = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    cancel();
    controller.abort(signal?.aborted === true ? signal.reason : new DOMException(message, 'TimeoutError'));
  };
  const timer = setTimeout(abort, milliseconds);
  timer.unref();
  if (signal?.aborted === true) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return { signal: controller.signal, cancel };
}
