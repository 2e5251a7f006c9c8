/** Who made a commit or tag, and when. */
export interface GitSignature {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** A commit or an annotated tag, taken apart. */
export interface GitObject {
  readonly hash: string;
  readonly author: GitSignature;
  readonly message: string;
  /** The armoured signature: OpenPGP or SSH. */
  readonly signature?: string;
  /** What the signature is about: the object without it. */
  readonly signed: Buffer;
}

export interface GitCommit extends GitObject {
  readonly committer: GitSignature;
}

export interface GitTag extends GitObject {
  readonly name: string;
}

/** Takes a raw commit apart. */
export function parseCommit(hash: string, raw: Buffer): GitCommit {
  const { headers, message, signature, signed } = parseObject(raw, 'gpgsig');
  const committer = parseSignature(headers.get('committer') ?? '');
  return {
    hash,
    author: parseSignature(headers.get('author') ?? ''),
    committer,
    message,
    ...(signature !== undefined && { signature }),
    signed,
  };
}

/** Takes a raw annotated tag apart. Its signature stands at the end of the message. */
export function parseTag(hash: string, raw: Buffer): GitTag {
  const { headers, message } = parseObject(raw, '');
  const start = /^-----BEGIN (?:PGP|SSH) (?:SIGNATURE|MESSAGE)-----/m.exec(raw.toString('latin1'))?.index;
  const at = start === undefined ? raw.length : start;
  return {
    hash,
    name: headers.get('tag') ?? '',
    author: parseSignature(headers.get('tagger') ?? ''),
    message: start === undefined ? message : message.slice(0, message.search(/^-----BEGIN (?:PGP|SSH) (?:SIGNATURE|MESSAGE)-----/m)),
    ...(start !== undefined && { signature: raw.toString('utf8', at) }),
    signed: raw.subarray(0, at),
  };
}

/** The first line of a message, cut at 50 characters: what events show. */
export function shortMessage(message: string): string {
  const characters = Array.from(message.split('\n', 1)[0] ?? '');
  return characters.length > 50 ? `${characters.slice(0, 50).join('')}...` : characters.join('');
}

function parseObject(
  raw: Buffer,
  signatureHeader: string,
): { headers: Map<string, string>; message: string; signature?: string; signed: Buffer } {
  const headers = new Map<string, string>();
  const kept: Buffer[] = [];
  let at = 0;
  let current = '';
  while (at < raw.length && raw[at] !== 10) {
    const newline = raw.indexOf(10, at);
    const end = newline < 0 ? raw.length : newline + 1;
    const line = raw.toString('utf8', at, newline < 0 ? end : newline);
    if (line.startsWith(' ')) headers.set(current, `${headers.get(current) ?? ''}\n${line.slice(1)}`);
    else {
      const space = line.indexOf(' ');
      current = line.slice(0, space);
      if (!headers.has(current)) headers.set(current, line.slice(space + 1));
    }
    if (current !== signatureHeader && current !== `${signatureHeader}-sha256`) kept.push(raw.subarray(at, end));
    at = end;
  }
  kept.push(raw.subarray(at));
  const signature = signatureHeader === '' ? undefined : headers.get(signatureHeader);
  return {
    headers,
    message: raw.toString('utf8', at + 1),
    ...(signature !== undefined && { signature: `${signature}\n` }),
    signed: Buffer.concat(kept),
  };
}

function parseSignature(text: string): GitSignature {
  const match = /^(.*?) ?<([^>]*)>(?: (\d+) [-+]\d+)?/.exec(text);
  return { name: match?.[1] ?? '', email: match?.[2] ?? '', time: Number(match?.[3] ?? 0) };
}
