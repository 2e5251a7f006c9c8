import { deadlineSignal } from '@sluice/core';
import type { Invocation } from './command-line/index.js';

/** Ends a command's waiting: at its --timeout, or when the person presses Ctrl-C. */
export function deadlineOf({ flags, signal }: Pick<Invocation, 'flags' | 'signal'>): AbortSignal {
  return deadlineSignal(flags.number('timeout'), signal);
}
