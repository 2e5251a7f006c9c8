import { SluiceError } from '@sluice/core';
import { FAULT_BEGIN, FAULT_END } from '../functions/functions.js';
import type { HelmVersion } from '../version.js';

/** The error of a chart's template that does not parse, as Helm words it. */
export function parseFault(error: SluiceError, file: string): SluiceError {
  const parts = error.message.split(': ');
  const message = parts.length === 1 ? `parse error in (${file}): ${error.message}` : `parse error at (${parts[1]}): ${parts.at(-1)}`;
  return new SluiceError('RenderFailed', message, { place: { ...error.place, file }, cause: error });
}

/** The error of a template that failed: what `fail` and `required` said is all there is to say, otherwise it is a trace. */
export function executionFault(error: SluiceError, helm: HelmVersion): SluiceError {
  const [, location = '', rest = ''] = /^.*?: (.*?): ([^]*)$/.exec(error.message) ?? [];
  const said = new RegExp(`${FAULT_BEGIN}([^]*)${FAULT_END}`).exec(rest)?.[1];
  const message = said === undefined ? (helm === 4 ? trace(error) : undefined) : `execution error at (${location}): ${said}`;
  return new SluiceError('RenderFailed', message ?? error.message, { place: error.place, cause: error });
}

/** Helm 4 sets errors on several lines, when it can take all of them apart. */
function trace(error: Error): string | undefined {
  let lines = '';
  let last = '';
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    const part = tracePart(current.message);
    if (part === undefined) return undefined;
    if (part !== last) lines += part;
    last = part;
  }
  return lines.trim();
}

/** Without the error behind it, which comes on lines of its own. */
const cut = (text: string): string => text.split(' template:', 1)[0] ?? '';

function tracePart(message: string): string | undefined {
  if (!message.startsWith('template: ')) return undefined;
  const rest = message.slice('template: '.length);
  if (rest.startsWith('no template ')) return `${message}\n`;
  const executing = rest.indexOf(': executing ');
  if (executing >= 0) {
    const match = /^"([^"]*)" at <([^]*)$/.exec(rest.slice(executing + ': executing '.length));
    const end = match?.[2]?.indexOf('>: ') ?? -1;
    if (match?.[2] === undefined || end < 0) return undefined;
    const fault = cut(match[2].slice(end + 3));
    return `${rest.slice(0, executing)}\n  executing "${match[1]}" at <${match[2].slice(0, end)}>:\n    ${fault === '' ? '' : `${fault}\n`}`;
  }
  const separator = rest.lastIndexOf(': ');
  return separator < 0 ? undefined : `${rest.slice(0, separator)}\n  ${cut(rest.slice(separator + 2))}\n`;
}
