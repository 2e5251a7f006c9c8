import { isJsonObject, type KubeObject } from '@sluice/core';

const MASK = '**SOPS**';
const DOCKER_MASK = JSON.stringify({ mask: MASK });

/** What an encrypted value is shown as in `data`. */
const MASKED_DATA = base64(MASK);
const MASKED_DOCKER_DATA = base64(DOCKER_MASK);
const MASKS: ReadonlySet<unknown> = new Set([MASK, DOCKER_MASK, MASKED_DATA, MASKED_DOCKER_DATA]);

/** Whether the values of a Secret were encrypted, so that only its keys say something. */
export function isMasked(object: KubeObject): boolean {
  const values = [...valuesOf(object, 'data'), ...valuesOf(object, 'stringData')];
  return object.kind === 'Secret' && values.some(([, value]) => MASKS.has(value));
}

/**
 * A Secret that SOPS has encrypted, or with files that it has, without what is encrypted: for reading, where nobody has the
 * keys. Other objects stay as they are.
 */
export function maskEncrypted(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const { sops, ...rest } = object as KubeObject & { sops?: unknown };
  if (isJsonObject(sops)) {
    const isDocker = object['type'] === 'kubernetes.io/dockerconfigjson';
    const data = isDocker ? MASKED_DOCKER_DATA : MASKED_DATA;
    return withValues(
      withValues(rest, 'data', () => data),
      'stringData',
      () => (isDocker ? DOCKER_MASK : MASK),
    );
  }
  const masked = withValues(object, 'data', (value) => (isEncryptedFile(Buffer.from(value, 'base64').toString()) ? MASKED_DATA : value));
  return withValues(masked, 'stringData', (value) => (isEncryptedFile(value) ? MASKED_DATA : value));
}

function isEncryptedFile(text: string): boolean {
  return text.includes('sops') && text.includes('ENC[');
}

function withValues(object: KubeObject, field: string, change: (value: string) => string): KubeObject {
  const values = valuesOf(object, field);
  if (values.length === 0) return object;
  return { ...object, [field]: Object.fromEntries(values.map(([key, value]) => [key, typeof value === 'string' ? change(value) : value])) };
}

function valuesOf(object: KubeObject, field: string): [string, unknown][] {
  const values = object[field];
  return isJsonObject(values) ? Object.entries(values) : [];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
