import { CelError } from '../error.js';
import { bool, listOf, mapOf, string } from '../types.js';
import { CelList, CelOpaque, ValueMap } from '../values.js';
import { LibraryBuilder } from './registry.js';
import { hasBlanks } from './text-formats.js';

/** A URL as Go's parser splits it: an absolute one, or an absolute path. */
class CelUrl extends CelOpaque {
  override readonly kind = 'url';
  readonly text: string;
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(text: string, [scheme = '', host = '', path = '', query = '']: readonly string[]) {
    super();
    this.text = text;
    this.scheme = scheme;
    this.host = host;
    this.path = path;
    this.query = query;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof CelUrl && other.text === this.text;
  }

  override toText(): string {
    return this.text;
  }

  get hostname(): string {
    return this.host.startsWith('[') ? this.host.slice(1, this.host.indexOf(']')) : this.host.replace(/:\d*$/, '');
  }

  get port(): string {
    return /:(\d+)$/.exec(this.host)?.[1] ?? '';
  }
}

function parse(text: string): CelUrl | undefined {
  // A control character, a blank or a bad escape makes it none.
  if (text === '' || hasBlanks(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const absolute = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/.exec(text);
  if (absolute !== null) {
    const [, scheme = '', host = '', path = '', query = ''] = absolute;
    if (!/^(\[[0-9a-fA-F:.%]+\](:\d*)?|[^:[\]]*(:\d*)?)$/.test(host)) return undefined;
    return new CelUrl(text, [scheme.toLowerCase(), host, path, query]);
  }
  const local = /^(\/[^?#]*)(?:\?([^#]*))?(?:#.*)?$/.exec(text);
  return local === null ? undefined : new CelUrl(text, ['', '', local[1] ?? '', local[2] ?? '']);
}

/** Kubernetes' URLs: `url('https://example.com:80/').getPort()`. */
export const urlLibrary = new LibraryBuilder()
  .fn('isURL', ['string'], bool, ([text]: [string]) => parse(text) !== undefined)
  .fn('url', ['string'], { kind: 'url' }, ([text]: [string]) => {
    const url = parse(text);
    if (url === undefined)
      throw new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`);
    return url;
  })
  .method('getScheme', ['url'], string, ([url]: [CelUrl]) => url.scheme)
  .method('getHost', ['url'], string, ([url]: [CelUrl]) => url.host)
  .method('getHostname', ['url'], string, ([url]: [CelUrl]) => url.hostname)
  .method('getPort', ['url'], string, ([url]: [CelUrl]) => url.port)
  .method('getEscapedPath', ['url'], string, ([url]: [CelUrl]) => url.path)
  .method('getQuery', ['url'], mapOf(string, listOf(string)), ([url]: [CelUrl]) => {
    const values = new Map<string, string[]>();
    for (const [key, value] of new URLSearchParams(url.query)) values.set(key, [...(values.get(key) ?? []), value]);
    return new ValueMap([...values].map(([key, list]) => [key, new CelList(list)]));
  })
  .build();
