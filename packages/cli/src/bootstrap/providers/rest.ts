import { errorMessage, type Json } from '@sluice/core';
import { createHttpTransport, type HttpTransport } from '@sluice/sources';

/** What a server answered: its status, and the body when that was JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: Json | undefined;
}

export interface RestOptions {
  /** The root of the API: `https://api.github.com`. */
  readonly root: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What to check when the server does not let us in. */
  readonly tokenHint: string;
}

const MOST_BYTES = 10 * 1024 * 1024;
/** Lists are read to their end, but not for ever. */
const MOST_PAGES = 100;

/** A client of a JSON API. Redirects are not followed: they could lead the token elsewhere. */
export class Rest {
  readonly #options: RestOptions;
  readonly #transport: HttpTransport;

  constructor(options: RestOptions) {
    this.#options = options;
    const { root, ca, environment } = options;
    if (!URL.canParse(root) || new URL(root).username !== '')
      throw new Error(`${JSON.stringify(root)} is no address of a Git server: check --hostname`);
    this.#transport = createHttpTransport(new URL(root), { env: environment, ...(ca === '' ? {} : { ca }) });
  }

  /** One exchange. Answers of the statuses in `expected` come back; others throw what the server said. */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: Json,
    expected: readonly number[] = [],
  ): Promise<RestAnswer> {
    const { root, headers, signal } = this.#options;
    const url = new URL(root + path);
    let status: number;
    let text = '';
    try {
      const answer = await this.#transport.send({
        method,
        url,
        headers: {
          accept: 'application/json',
          'user-agent': 'sluice',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
      status = answer.status;
      const decoder = new TextDecoder();
      for await (const chunk of answer.body) {
        text += decoder.decode(chunk, { stream: true });
        if (text.length > MOST_BYTES) throw new Error('the answer is too large');
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new Error(`${url.origin} can't be reached: ${errorMessage(error)}`, { cause: error });
    }
    const parsed = parse(text);
    if ((status >= 200 && status < 300) || expected.includes(status)) return { status, body: parsed };
    throw this.#refused(method, url, status, parsed);
  }

  /** All entries of a list that comes in pages. `nextOf` gives the path of the next page. */
  async list(
    path: string,
    entriesOf: (body: Json | undefined) => readonly Json[],
    nextOf: (page: number, body: Json | undefined) => string | undefined,
  ): Promise<readonly Json[]> {
    const entries: Json[] = [];
    let next: string | undefined = path;
    for (let page = 1; next !== undefined && page <= MOST_PAGES; page++) {
      const { body } = await this.call('GET', next);
      const found = entriesOf(body);
      entries.push(...found);
      next = found.length === 0 ? undefined : nextOf(page, body);
    }
    return entries;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #refused(method: string, url: URL, status: number, body: Json | undefined): Error {
    const said = wordsOf(body);
    const what = `${method} ${url.origin}${url.pathname} answered ${status}${said === '' ? '' : `: ${said}`}`;
    const { tokenHint } = this.#options;
    if (status === 401) return new Error(`the token is not accepted (${what}); ${tokenHint}`);
    if (status === 403) return new Error(`the token may not do this (${what}); ${tokenHint}`);
    if (status >= 300 && status < 400) return new Error(`the server redirects elsewhere (${what}); check --hostname and --owner`);
    return new Error(what);
  }
}

function parse(text: string): Json | undefined {
  try {
    return text === '' ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

/** What a server says is wrong, in the fields where the servers say it. */
function wordsOf(body: Json | undefined): string {
  const words: string[] = [];
  const look = (value: unknown, depth: number): void => {
    if (typeof value === 'string') words.push(value);
    else if (depth < 4 && Array.isArray(value)) for (const each of value) look(each, depth + 1);
    else if (depth < 4 && typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value))
        if (/^(message|error|errors|error_description|name|path|base)$/.test(key)) look(each, depth + 1);
    }
  };
  if (typeof body === 'object') look(body, 0);
  return [...new Set(words)].join('; ').slice(0, 500);
}
