import { deadlineSignal, formatDuration } from '@sluice/core';
import type { Invocation } from './command-line/index.js';

/** Ends a command's waiting: at its --timeout, or when the person presses Ctrl-C. */
export function deadlineOf({ flags, signal }: Pick<Invocation, 'flags' | 'signal'>): AbortSignal {
  const limit = flags.number('timeout');
  return deadlineSignal(limit, signal, `not done within ${formatDuration(limit)}: --timeout gives it longer`);
}
