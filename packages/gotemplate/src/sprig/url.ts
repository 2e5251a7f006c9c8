import { parseIpAddress } from '@sluice/core';
import { bytesToString, goQuote, stringToBytes } from '../parse/literals.js';

/** A URL in its parts, as net/url has them. */
export interface Url {
  scheme: string;
  opaque: string;
  user: { readonly name: string; readonly password: string | undefined } | undefined;
  host: string;
  path: string;
  /** The path as it was written, where that is not how it would be written. */
  rawPath: string;
  query: string;
  fragment: string;
}

/** The parts of a URL differ in what they escape. */
type Part = 'path' | 'host' | 'zone' | 'user' | 'fragment';

const SAFE: Readonly<Record<Part, RegExp>> = {
  path: /[\w.~$&+,/:;=@-]/,
  host: /[\w.~!$&'()*+,;=:[\]<>"-]/,
  zone: /[\w.~!$&'()*+,;=:[\]<>"-]/,
  user: /[\w.~$&+,;=-]/,
  fragment: /[\w.~$&+,/:;=?@!()*-]/,
};

export function emptyUrl(): Url {
  return { scheme: '', opaque: '', user: undefined, host: '', path: '', rawPath: '', query: '', fragment: '' };
}

/** url.Parse. Throws with Go's text. */
export function parseUrl(text: string): Url {
  const hash = text.indexOf('#');
  const main = hash < 0 ? text : text.slice(0, hash);
  const url = withContext(main, () => parseMain(main));
  if (hash >= 0) url.fragment = withContext(text, () => unescape(text.slice(hash + 1), 'fragment'));
  return url;
}

function withContext<T>(text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`parse ${goQuote(text)}: ${(error as Error).message}`, { cause: error });
  }
}

function parseMain(text: string): Url {
  if (/\p{Cc}/u.test(text.replaceAll(/[\u0080-\u009f]/g, ''))) throw new Error('net/url: invalid control character in URL');
  const url = emptyUrl();
  if (text === '*') return { ...url, path: '*' };
  if (text.startsWith(':')) throw new Error('missing protocol scheme');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1];
  let rest = text;
  if (scheme !== undefined) {
    url.scheme = scheme.toLowerCase();
    rest = text.slice(scheme.length + 1);
  }
  const question = rest.indexOf('?');
  if (question >= 0) {
    url.query = rest.slice(question + 1);
    rest = rest.slice(0, question);
  }
  if (!rest.startsWith('/')) {
    if (scheme !== undefined) return { ...url, opaque: rest };
    if ((rest.split('/')[0] ?? '').includes(':')) throw new Error('first path segment in URL cannot contain colon');
  }
  if (rest.startsWith('//') && (scheme !== undefined || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    parseAuthority(authority, url);
  }
  url.path = unescape(rest, 'path');
  if (escape(url.path, 'path') !== rest) url.rawPath = rest;
  return url;
}

function parseAuthority(authority: string, url: Url): void {
  const at = authority.lastIndexOf('@');
  url.host = parseHost(authority.slice(at + 1));
  if (at < 0) return;
  const userinfo = authority.slice(0, at);
  if (!/^[\w.:~!$&'()*+,;=%@-]*$/.test(userinfo)) throw new Error('net/url: invalid userinfo');
  const colon = userinfo.indexOf(':');
  url.user =
    colon < 0
      ? { name: unescape(userinfo, 'user'), password: undefined }
      : { name: unescape(userinfo.slice(0, colon), 'user'), password: unescape(userinfo.slice(colon + 1), 'user') };
}

function parseHost(host: string): string {
  const open = host.lastIndexOf('[');
  if (open > 0) throw new Error('invalid IP-literal');
  if (open === 0) {
    const close = host.lastIndexOf(']');
    if (close < 0) throw new Error("missing ']' in host");
    const port = checkPort(host.slice(close + 1));
    const address = host.slice(1, close);
    const zoneAt = address.indexOf('%25');
    const name =
      zoneAt < 0 ? unescape(address, 'host') : unescape(address.slice(0, zoneAt), 'host') + unescape(address.slice(zoneAt), 'zone');
    if (!isIpv6(name)) throw new Error(`invalid host: ParseAddr(${goQuote(name)}): unable to parse IP`);
    return `[${name}]${unescape(port, 'host')}`;
  }
  const colon = host.indexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  return unescape(host, 'host');
}

/** An IPv6 address; a zone may follow it. */
function isIpv6(text: string): boolean {
  return parseIpAddress(text.replace(/%.+$/s, ''))?.length === 16;
}

function checkPort(port: string): string {
  if (!/^(:\d*)?$/.test(port)) throw new Error(`invalid port ${goQuote(port)} after host`);
  return port;
}

function unescape(text: string, part: Part): string {
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '%') {
      const escaped = text.slice(at, at + 3);
      const isHostByte = part !== 'host' || escaped === '%25' || /^%[89a-fA-F]/.test(escaped);
      if (!/^%[0-9a-fA-F]{2}$/.test(escaped) || !isHostByte) throw new Error(`invalid URL escape ${goQuote(escaped)}`);
    } else if ((part === 'host' || part === 'zone') && char < '\u0080' && !SAFE[part].test(char)) {
      throw new Error(`invalid character ${goQuote(char)} in host name`);
    }
  }
  if (!text.includes('%')) return text;
  const pieces = text.split(/(%[0-9a-fA-F]{2})/);
  return bytesToString(
    Buffer.concat(pieces.map((piece) => (piece.startsWith('%') ? Buffer.from(piece.slice(1), 'hex') : stringToBytes(piece)))),
  );
}

function escape(text: string, part: Part): string {
  let result = '';
  for (const byte of stringToBytes(text)) {
    const char = String.fromCharCode(byte);
    result += byte < 0x80 && SAFE[part].test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}

export function formatUser({ user }: Url): string {
  if (user === undefined) return '';
  return escape(user.name, 'user') + (user.password === undefined ? '' : `:${escape(user.password, 'user')}`);
}

/** URL.String. */
export function formatUrl(url: Url): string {
  let text = url.scheme === '' ? '' : `${url.scheme}:`;
  if (url.opaque !== '') text += url.opaque;
  else {
    const hasAuthority = url.scheme !== '' || url.host !== '' || url.user !== undefined;
    if (hasAuthority && (url.host !== '' || url.path !== '' || url.user !== undefined)) text += '//';
    if (url.user !== undefined) text += `${formatUser(url)}@`;
    text += escape(url.host, 'host');
    const path = url.path === '*' ? '*' : url.rawPath === '' ? escape(url.path, 'path') : url.rawPath;
    if (path !== '' && !path.startsWith('/') && url.host !== '') text += '/';
    if (text === '' && (path.split('/')[0] ?? '').includes(':')) text = './';
    text += path;
  }
  if (url.query !== '') text += `?${url.query}`;
  return url.fragment === '' ? text : `${text}#${escape(url.fragment, 'fragment')}`;
}
