import { goFunction } from '../exec/function.js';
import type { GoMap } from '../values/values.js';
import { kindOf } from './elements.js';
import { emptyUrl, formatUrl, formatUser, parseUrl, type Url } from './url.js';

function urlParse(text: string): GoMap {
  const url = orPanic('url', () => parseUrl(text));
  return {
    scheme: url.scheme,
    host: url.host,
    hostname: url.host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'),
    path: url.path,
    query: url.query,
    opaque: url.opaque,
    fragment: url.fragment,
    userinfo: formatUser(url),
  };
}

function urlJoin(parts: GoMap): string {
  const part = (key: string): string => {
    if (!Object.hasOwn(parts, key)) return '';
    const value = parts[key];
    if (typeof value === 'string') return value;
    throw new Error(`unable to parse ${key} key, must be of type string, but ${kindOf(value)} found`);
  };
  const url: Url = {
    ...emptyUrl(),
    scheme: part('scheme'),
    host: part('host'),
    path: part('path'),
    query: part('query'),
    opaque: part('opaque'),
    fragment: part('fragment'),
  };
  const userinfo = part('userinfo');
  if (userinfo !== '') url.user = orPanic('userinfo in dict', () => parseUrl(`proto://${userinfo}@host`)).user;
  return formatUrl(url);
}

function orPanic(what: string, parse: () => Url): Url {
  try {
    return parse();
  } catch (error) {
    throw new Error(`unable to parse ${what}: ${(error as Error).message}`, { cause: error });
  }
}

export const urls = {
  urlParse: goFunction(['string'], 'map[string]any', urlParse),
  urlJoin: goFunction(['map[string]any'], 'string', urlJoin),
};
