import { isJsonObject } from '@sluice/core';

/** A line of the log for people: time, level, message, and the rest as `key=value`. */
export function consoleLine(json: string): string {
  const line: unknown = JSON.parse(json);
  if (!isJsonObject(line)) return json;
  const { ts, level, msg, ...fields } = line;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return [String(ts), String(level).toUpperCase().padEnd(5), String(msg), ...rest].join(' ');
}
