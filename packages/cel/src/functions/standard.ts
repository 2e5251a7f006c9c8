import { CelError } from '../error.js';
import { checkedInt, checkedUint, equals } from '../operators.js';
import { matches } from '../regex.js';
import { bool, bytes, double, duration, dyn, int, string, timestamp, typeType, uint } from '../types.js';
import {
  CelDuration,
  type CelList,
  type CelMap,
  CelTimestamp,
  CelTypeValue,
  type CelUint,
  type CelValue,
  kindOf,
  parseDuration,
  parseTimestamp,
  showDuration,
  showTimestamp,
  typeName,
} from '../values.js';
import { LibraryBuilder } from './registry.js';
import { showDouble } from './show.js';

const MINUTE = 60_000_000_000n;

const lib = new LibraryBuilder();

for (const add of [lib.fn.bind(lib), lib.method.bind(lib)]) {
  add('size', ['string'], int, ([text]: [string]) => BigInt(characters(text)));
  add('size', ['bytes'], int, ([data]: [Uint8Array]) => BigInt(data.length));
  add('size', ['list'], int, ([list]: [CelList]) => BigInt(list.size));
  add('size', ['map'], int, ([map]: [CelMap]) => BigInt(map.size));
  add('matches', ['string', 'string'], bool, ([text, pattern]: [string, string], context) => {
    context.spend(1 + (text.length * pattern.length) / 40);
    return matches(text, pattern);
  });
}

lib
  .method('contains', ['string', 'string'], bool, ([text, part]: [string, string]) => text.includes(part))
  .method('startsWith', ['string', 'string'], bool, ([text, part]: [string, string]) => text.startsWith(part))
  .method('endsWith', ['string', 'string'], bool, ([text, part]: [string, string]) => text.endsWith(part))
  .fn('dyn', ['dyn'], dyn, ([value]: [CelValue]) => value)
  .fn('type', ['dyn'], typeType, ([value]: [CelValue]) => new CelTypeValue(typeName(kindOf(value))))
  .fn('bool', ['bool'], bool, ([value]: [boolean]) => value)
  .fn('bool', ['string'], bool, ([text]: [string]) => {
    if (['true', 'True', 'TRUE', 't', '1'].includes(text)) return true;
    if (['false', 'False', 'FALSE', 'f', '0'].includes(text)) return false;
    throw new CelError(`type conversion error from 'string' to 'bool'`);
  })
  .fn('int', ['int'], int, ([value]: [bigint]) => value)
  .fn('int', ['uint'], int, ([{ value }]: [CelUint]) => checkedInt(value))
  .fn('int', ['double'], int, ([value]: [number]) => integerOf(value))
  .fn('int', ['string'], int, ([text]: [string]) => {
    if (!/^[+-]?\d+$/.test(text)) throw new CelError(`type conversion error from 'string' to 'int'`);
    return checkedInt(BigInt(text));
  })
  .fn('int', ['timestamp'], int, ([{ nanos }]: [CelTimestamp]) => nanos / 1_000_000_000n)
  .fn('int', ['duration'], int, ([{ nanos }]: [CelDuration]) => nanos)
  .fn('uint', ['uint'], uint, ([value]: [CelUint]) => value)
  .fn('uint', ['int'], uint, ([value]: [bigint]) => checkedUint(value))
  .fn('uint', ['double'], uint, ([value]: [number]) => checkedUint(integerOf(value)))
  .fn('uint', ['string'], uint, ([text]: [string]) => {
    if (!/^\d+$/.test(text)) throw new CelError(`type conversion error from 'string' to 'uint'`);
    return checkedUint(BigInt(text));
  })
  .fn('double', ['double'], double, ([value]: [number]) => value)
  .fn('double', ['int'], double, ([value]: [bigint]) => Number(value))
  .fn('double', ['uint'], double, ([{ value }]: [CelUint]) => Number(value))
  .fn('double', ['string'], double, ([text]: [string]) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isNaN(value) && text !== 'NaN') throw new CelError(`type conversion error from 'string' to 'double'`);
    return value;
  })
  .fn('string', ['string'], string, ([text]: [string]) => text)
  .fn('string', ['bool'], string, ([value]: [boolean]) => String(value))
  .fn('string', ['int'], string, ([value]: [bigint]) => String(value))
  .fn('string', ['uint'], string, ([{ value }]: [CelUint]) => String(value))
  .fn('string', ['double'], string, ([value]: [number]) => showDouble(value))
  .fn('string', ['bytes'], string, ([data]: [Uint8Array]) => decodeUtf8(data))
  .fn('string', ['timestamp'], string, ([value]: [CelTimestamp]) => showTimestamp(value))
  .fn('string', ['duration'], string, ([value]: [CelDuration]) => showDuration(value))
  .fn('bytes', ['bytes'], bytes, ([data]: [Uint8Array]) => data)
  .fn('bytes', ['string'], bytes, ([text]: [string]) => new Uint8Array(Buffer.from(text)))
  .fn('timestamp', ['timestamp'], timestamp, ([value]: [CelTimestamp]) => value)
  .fn('timestamp', ['int'], timestamp, ([seconds]: [bigint]) => new CelTimestamp(seconds * 1_000_000_000n))
  .fn('timestamp', ['string'], timestamp, ([text]: [string]) => {
    const value = parseTimestamp(text);
    if (value === undefined) throw new CelError(`type conversion error from 'string' to 'google.protobuf.Timestamp'`);
    return value;
  })
  .fn('duration', ['duration'], duration, ([value]: [CelDuration]) => value)
  .fn('duration', ['string'], duration, ([text]: [string]) => {
    const value = parseDuration(text);
    if (value === undefined) throw new CelError(`type conversion error from 'string' to 'google.protobuf.Duration'`);
    return value;
  });

const parts: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDate: (date) => date.getUTCDate(),
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) =>
    Math.floor(
      (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000,
    ),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};
for (const [name, read] of Object.entries(parts)) {
  lib.method(name, ['timestamp'], int, ([{ nanos }]: [CelTimestamp]) => BigInt(read(new Date(Number(nanos / 1_000_000n)))));
  lib.method(name, ['timestamp', 'string'], int, ([{ nanos }, zone]: [CelTimestamp, string]) => {
    return BigInt(read(new Date(Number(nanos / 1_000_000n) + zoneOffset(zone, nanos))));
  });
}
lib
  .method('getHours', ['duration'], int, ([{ nanos }]: [CelDuration]) => nanos / (60n * MINUTE))
  .method('getMinutes', ['duration'], int, ([{ nanos }]: [CelDuration]) => nanos / MINUTE)
  .method('getSeconds', ['duration'], int, ([{ nanos }]: [CelDuration]) => nanos / 1_000_000_000n)
  .method('getMilliseconds', ['duration'], int, ([{ nanos }]: [CelDuration]) => nanos / 1_000_000n);

/** The functions of the CEL specification. */
export const standardLibrary = lib.build();

export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function integerOf(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new CelError('integer overflow');
  return BigInt(Math.trunc(value));
}

function decodeUtf8(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** The offset of a time zone (`Europe/Paris`, `-03:30`) at a moment, in milliseconds. */
function zoneOffset(zone: string, nanos: bigint): number {
  const fixed = /^([+-]?)(\d{1,2}):(\d{2})$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  const moment = Number(nanos / 1_000_000n);
  try {
    const local = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(moment));
    const part = (type: string): number => Number(local.find((item) => item.type === type)?.value ?? 0);
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(moment / 1000) * 1000;
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}

/** Whether a list has a value. */
export function listHas(list: CelList, value: CelValue): boolean {
  for (const item of list) if (equals(item, value)) return true;
  return false;
}
