import { deadlineSignal, formatDuration } from '@sluice/core';
import type { Invocation } from './command-line/index.js';

/** Ends a command's waiting: at its --timeout, or when the person presses Ctrl-C. */
export function deadlineOf({ flags, signal }: Pick<Invocation, 'flags' | 'signal'>): AbortSignal {
  const limit = flags.number('timeout');
  const ending = new AbortController();
  const deadline = deadlineSignal(limit, signal);
  const end = (): void => {
    const late = `not done within ${formatDuration(limit)}: --timeout gives it longer`;
    ending.abort(signal.aborted ? signal.reason : new DOMException(late, 'TimeoutError'));
  };
  if (deadline.aborted) end();
  else deadline.addEventListener('abort', end, { once: true });
  return ending.signal;
}
