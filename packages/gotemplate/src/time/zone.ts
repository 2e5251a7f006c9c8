/** A time zone: what clocks in it are ahead of UTC by, in seconds, and what that is called, at a moment. */
export interface Zone {
  readonly name: string;
  readonly at: (milliseconds: number) => { readonly offset: number; readonly abbreviation: string };
}

export const UTC: Zone = { name: 'UTC', at: () => ({ offset: 0, abbreviation: 'UTC' }) };

/** A zone of one offset. Without a name it shows as its offset. */
export function fixedZone(name: string, offset: number): Zone {
  return { name, at: () => ({ offset, abbreviation: name }) };
}

const zones = new Map<string, Zone | undefined>();

/** A zone by its name in the time zone database; undefined where there is none. What is local is UTC, as in a container. */
export function loadZone(name: string): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return UTC;
  if (!zones.has(name)) zones.set(name, intlZone(name));
  return zones.get(name);
}

function intlZone(name: string): Zone | undefined {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return undefined;
  let formats: readonly Intl.DateTimeFormat[];
  try {
    formats = LOCALES.map(
      (locale) =>
        new Intl.DateTimeFormat(locale, {
          timeZone: name,
          hourCycle: 'h23',
          era: 'short',
          year: 'numeric',
          month: 'numeric',
          day: 'numeric',
          hour: 'numeric',
          minute: 'numeric',
          second: 'numeric',
          timeZoneName: 'short',
        }),
    );
  } catch {
    return undefined;
  }
  return {
    name,
    at: (milliseconds) => {
      const offset = offsetAt(formats[0]!, milliseconds);
      return { offset, abbreviation: abbreviationAt(name, formats, milliseconds, offset) };
    },
  };
}

/** Each locale knows the short names of the zones that its people live in. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA'];

/** Zones whose short names no English locale has. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  'Africa/Lagos': 'WAT',
  'Africa/Nairobi': 'EAT',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Jakarta': 'WIB',
  'Asia/Karachi': 'PKT',
  'Asia/Manila': 'PST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Taipei': 'CST',
  'Asia/Tokyo': 'JST',
  'Europe/Moscow': 'MSK',
};

function offsetAt(format: Intl.DateTimeFormat, milliseconds: number): number {
  const parts = new Map(format.formatToParts(milliseconds).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era')?.startsWith('B') === true ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour'), number('minute'), number('second'));
  return Math.round((local.getTime() - Math.floor(milliseconds / 1000) * 1000) / 1000);
}

function abbreviationAt(name: string, formats: readonly Intl.DateTimeFormat[], milliseconds: number, offset: number): string {
  for (const format of formats) {
    const short = format.formatToParts(milliseconds).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (short === 'GMT' || !/^(GMT|UTC)/.test(short)) return short;
  }
  return Object.hasOwn(ABBREVIATIONS, name) ? (ABBREVIATIONS[name] ?? '') : shortOffset(offset);
}

/** `+08`, `+0530`: what zones without a name are called. */
export function shortOffset(offset: number): string {
  const minutes = Math.trunc(Math.abs(offset) / 60);
  return `${offset < 0 ? '-' : '+'}${digits(Math.trunc(minutes / 60))}${minutes % 60 === 0 ? '' : digits(minutes % 60)}`;
}

function digits(number: number): string {
  return String(number).padStart(2, '0');
}
