/**
 * A signal that is aborted after a time, or when another is: what `AbortSignal.any([signal, AbortSignal.timeout(ms)])`
 * should be. On Node 20 that one holds its sources weakly: a timeout that nothing else refers to is collected and never fires.
 * The timer does not keep the process alive.
 */
export function deadlineSignal(milliseconds: number, signal?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    controller.abort(
      signal?.aborted === true ? signal.reason : new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    );
  };
  const timer = setTimeout(abort, milliseconds);
  timer.unref();
  if (signal?.aborted === true) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return controller.signal;
}
