import { isJsonObject, SluiceError, type KubeObject } from '@sluice/core';
import type { WatchEvent } from '../cluster.js';
import { asBuffer } from '../http.js';
import { KubeError, statusFromJson } from './kube-error.js';

/** The annotation on the bookmark that ends a streaming list. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
const LINE_FEED = 0x0a;

/**
 * The lines of a stream, as they are complete. A line may come in many chunks: it is joined once, when its end is there.
 * An unfinished last line of a watch is an event that was cut off, which who watches on gets again; of a log it is a line.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly unfinished: boolean; readonly empty: boolean } = { unfinished: false, empty: false },
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const bytes of chunks) {
    const chunk = asBuffer(bytes);
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const last = chunk.subarray(start, end);
      start = end + 1;
      const line = begun.length === 0 ? last.toString('utf8') : Buffer.concat([...begun, last]).toString('utf8');
      begun = [];
      if (line !== '' || options.empty) yield line;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (options.unfinished && begun.length > 0) yield Buffer.concat(begun).toString('utf8');
}

/** One line of a watch. Throws the error that an ERROR event carries. */
export function readWatchEvent<T extends KubeObject>(line: string, finish: (object: T) => T): WatchEvent<T> {
  const event = parseEvent(line);
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: finish(event.object as T) };
    case 'BOOKMARK': {
      const { metadata } = event.object as KubeObject;
      return {
        type: 'BOOKMARK',
        resourceVersion: metadata.resourceVersion ?? '',
        initialEventsEnd: metadata.annotations?.[INITIAL_EVENTS_END] === 'true',
      };
    }
    case 'ERROR': {
      const status = statusFromJson(event.object) ?? { message: `the watch ended with ${line.slice(0, 200)}` };
      throw new KubeError(status.code ?? 500, status);
    }
    default:
      throw new SluiceError('KubeAnswerInvalid', `the watch sent an event of the unknown type ${JSON.stringify(event.type)}`);
  }
}

function parseEvent(line: string): { type: unknown; object: Record<string, unknown> } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new SluiceError('KubeAnswerInvalid', `the watch sent a line that is not JSON: ${line.slice(0, 200)}`, { cause });
  }
  if (!isJsonObject(event) || !isJsonObject(event['object']) || (event['type'] !== 'ERROR' && !isJsonObject(event['object']['metadata']))) {
    throw new SluiceError('KubeAnswerInvalid', `the watch sent something that is not an event: ${line.slice(0, 200)}`);
  }
  return { type: event['type'], object: event['object'] };
}
