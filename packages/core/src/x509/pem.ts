/** Bytes in PEM's armour. */
export function pem(type: string, bytes: Buffer): string {
  const base64 = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${type}-----\n${base64}\n-----END ${type}-----\n`;
}

/** The first block of a PEM text; undefined when there is none. */
export function readPem(text: string): { readonly type: string; readonly bytes: Buffer } | undefined {
  const match = /(?:^|\n)-----BEGIN ([^\n]+)-----\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/.exec(text);
  return match === null ? undefined : { type: match[1] ?? '', bytes: Buffer.from(match[2] ?? '', 'base64') };
}
