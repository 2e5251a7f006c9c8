import { isIPv6 } from 'node:net';
import { RE2JS } from 're2js';

/** Why a text is not of a format, if it isn't. Formats that are not known say nothing. */
export function formatFault(format: string, text: string): string | undefined {
  return Object.hasOwn(FORMATS, format) ? FORMATS[format]?.(text) : undefined;
}

const FORMATS: Readonly<Record<string, (text: string) => string | undefined>> = {
  'json-pointer': (text) => {
    if (text === '') return undefined;
    if (!text.startsWith('/')) return 'not starting with /';
    return /~(?![01])/.test(text) ? '~ must be followed by 0 or 1' : undefined;
  },
  uuid: (text) => {
    const lengths = [8, 4, 4, 4, 12];
    const groups = text.split('-');
    if (groups.length !== lengths.length) return `must have ${lengths.length} elements`;
    const wrong = groups.findIndex((group, index) => group.length !== lengths[index]);
    if (wrong >= 0) return `element ${wrong + 1} must be ${lengths[wrong]} characters long`;
    const odd = /[^0-9a-fA-F-]/.exec(text)?.[0];
    return odd === undefined ? undefined : `non-hex character ${character(odd)}`;
  },
  duration: (text) => {
    if (!text.startsWith('P')) return 'must start with P';
    if (text === 'P') return 'nothing after P';
    return /^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/.test(text) ? undefined : 'invalid unit';
  },
  ipv4: (text) => {
    const groups = text.split('.');
    if (groups.length !== 4) return 'expected four decimals';
    for (const group of groups) {
      if (/^0./.test(group)) return 'leading zeros';
      if (!/^[+-]?\d+$/.test(group)) return `strconv.Atoi: parsing ${JSON.stringify(group)}: invalid syntax`;
      if (Number(group) < 0 || Number(group) > 255) return 'decimal must be between 0 and 255';
    }
    return undefined;
  },
  ipv6: (text) => {
    if (!text.includes(':')) return 'missing colon';
    if (text.includes('%')) return 'zone id is not a part of ipv6 address';
    return isIPv6(text) ? undefined : `ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
  },
  hostname: hostnameFault,
  email: emailFault,
  date: dateFault,
  time: timeFault,
  'date-time': (text) => {
    if (text.length < 20) return 'less than 20 characters long';
    if (!/[tT]/.test(text[10] ?? '')) return '11th character must be t or T';
    const date = dateFault(text.slice(0, 10));
    if (date !== undefined) return `invalid date element: ${date}`;
    const time = timeFault(text.slice(11));
    return time === undefined ? undefined : `invalid time element: ${time}`;
  },
  uri: (text) => {
    if (!isUriReference(text)) return `parse ${JSON.stringify(text)}: invalid character in URL`;
    return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) ? undefined : 'relative url';
  },
  'uri-reference': (text) => {
    if (text.includes('\\')) return 'contains \\';
    return isUriReference(text) ? undefined : `parse ${JSON.stringify(text)}: invalid character in URL`;
  },
  regex: (text) => {
    try {
      RE2JS.compile(text);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  },
};

function hostnameFault(text: string): string | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length > 253) return 'more than 253 characters long';
  for (const label of name.split('.')) {
    if (label.length < 1 || label.length > 63) return 'label must be 1 to 63 characters long';
    if (label.startsWith('-')) return 'label starts with hyphen';
    if (label.endsWith('-')) return 'label ends with hyphen';
    const odd = /[^a-zA-Z0-9-]/u.exec(label)?.[0];
    if (odd !== undefined) return `invalid character ${character(odd)}`;
  }
  return undefined;
}

function emailFault(text: string): string | undefined {
  if (text.length > 254) return 'more than 255 characters long';
  const at = text.lastIndexOf('@');
  if (at < 0) return 'missing @';
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (local.length > 64) return 'local part more than 64 characters long';
  if (local.length > 1 && local.startsWith('"')) {
    if (/[\\"]/.test(local.slice(1, -1))) return 'backslash and quote are not allowed within quoted local part';
  } else {
    if (local.startsWith('.')) return 'starts with dot';
    if (local.endsWith('.')) return 'ends with dot';
    if (local.includes('..')) return 'consecutive dots';
    const odd = /[^a-zA-Z0-9.!#$%&'*+\-/=?^_`{|}~]/u.exec(local)?.[0];
    if (odd !== undefined) return `invalid character ${character(odd)}`;
  }
  const host = hostnameFault(domain);
  return host === undefined || domain.startsWith('[') ? undefined : `invalid domain: ${host}`;
}

function dateFault(text: string): string | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const parsing = `parsing time ${JSON.stringify(text)}`;
  if (match === null) return `${parsing} as "2006-01-02": cannot parse ${JSON.stringify(text)} as "2006"`;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  if (month < 1 || month > 12) return `${parsing}: month out of range`;
  return day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate() ? `${parsing}: day out of range` : undefined;
}

function timeFault(text: string): string | undefined {
  if (text.length < 9) return 'less than 9 characters long';
  if (text[2] !== ':' || text[5] !== ':') return 'missing colon in correct place';
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|[+-](\d\d):(\d\d))$/.exec(text);
  if (match === null) return 'invalid hour/min/sec';
  const [hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 60) return 'hour/min/sec out of range';
  return offsetHour > 23 || offsetMinute > 59 ? 'hour/min in offset out of range' : undefined;
}

function isUriReference(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u0020\u007f"<>^`{|}\\]/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text);
}

function character(text: string): string {
  return `'${text === "'" || text === '\\' ? `\\${text}` : text}'`;
}
