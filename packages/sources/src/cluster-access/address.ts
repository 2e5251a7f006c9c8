import { SluiceError } from '@sluice/core';

/** An address of an API server, as it is compared and connected to: `https://host:port`, in small letters. */
export function clusterAddress(address: string): string {
  const text = address.includes('://') ? address : `https://${address}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || parsed.protocol !== 'https:' || parsed.username !== '') {
    const shown = JSON.stringify(address.replace(/^.*@/, '***@').slice(0, 200));
    throw new SluiceError('SourceSettingsInvalid', `the Kubernetes API server address ${shown} must be https://HOST[:PORT]`);
  }
  return `https://${parsed.hostname.toLowerCase()}:${parsed.port === '' ? '443' : parsed.port}`;
}

/** A name of several parts as a path, which stays one: no part leads upwards. */
export function resourcePath(name: string): string {
  const parts = name.split('/');
  if (parts.some((part) => part === '.' || part === '..')) {
    throw new SluiceError('SourceSettingsInvalid', `${JSON.stringify(name.slice(0, 200))} is no name of a cluster`);
  }
  return parts.map(encodeURIComponent).join('/');
}

/** A text in an answer of a cloud, by the fields that lead to it. */
export function textAt(value: unknown, path: readonly string[], what: string): string {
  let found = value;
  for (const field of path) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, field) ? (found as Record<string, unknown>)[field] : undefined;
  }
  if (typeof found === 'string' && found !== '') return found;
  throw new SluiceError('SourceAnswerInvalid', `${what}: the answer lacks ${path.join('.')}`);
}

export function pemAt(value: unknown, path: readonly string[], what: string): string {
  return Buffer.from(textAt(value, path, what), 'base64').toString('utf8');
}
