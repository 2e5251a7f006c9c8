import { deepEqual, isJsonObject, setOwn, type KubeObject } from '@sluice/core';

const MASK = '***';

/** Holds a copy of the whole object. */
const COPIES = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Two states of a Secret (either may be missing), with every value hidden: one that differs can be told from one that does
 * not. Other objects stay as they are. Throws for data that is not a map: what it is can't be hidden then.
 */
export function maskSecret(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): readonly [before: KubeObject | undefined, after: KubeObject | undefined] {
  const { kind, apiVersion } = before ?? after ?? {};
  if (kind !== 'Secret' || apiVersion !== 'v1') return [before, after];
  const [first, second] = [withoutCopies(before), withoutCopies(after)];
  return (['data', 'stringData'] as const).reduce<readonly [KubeObject | undefined, KubeObject | undefined]>(
    ([old, now], field) => {
      const [was, is] = [mapOf(old, field, 'old'), mapOf(now, field, 'new')];
      return [masked(old, field, was, is, '(before)'), masked(now, field, is, was, '(after)')];
    },
    [first, second],
  );
}

/** Shorter values are found by chance in any text. */
const LEAST_LENGTH = 4;

/** What a server says about a Secret, without the Secret's values: some refusals quote what they refuse. */
export function maskMessage(object: KubeObject, message: string): string {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return message;
  const quoted = message
    .replace(/(expected [\w ]+, got ).*/g, `$1${MASK}`)
    .replace(/(\b(?:data|stringData)\S*: (?:Invalid|Unsupported) value: )(?:"(?:[^"\\]|\\.)*"|[^\s:]+)/g, `$1${MASK}`);
  return secretTexts(object).reduce((text, secret) => text.replaceAll(secret, MASK), quoted);
}

/** The values of a Secret, as they stand there and decoded; the longest first, as one may be in another. */
function secretTexts(object: KubeObject): string[] {
  const texts = [object['data'], object['stringData']].flatMap((map) =>
    isJsonObject(map)
      ? Object.values(map)
          .filter((value) => value !== null && typeof value !== 'object')
          .map(String)
      : [],
  );
  const decoded = texts.map((text) => Buffer.from(text, 'base64').toString('utf8'));
  return [...new Set([...texts, ...decoded])].filter(({ length }) => length >= LEAST_LENGTH).sort((a, b) => b.length - a.length);
}

function mapOf(object: KubeObject | undefined, field: string, which: string): Readonly<Record<string, unknown>> | undefined {
  const map = object?.[field];
  if (map === undefined || map === null) return undefined;
  if (isJsonObject(map)) return map;
  throw new Error(`unable to get data from ${which} object: .${field} is not a map`);
}

function masked(
  object: KubeObject | undefined,
  field: string,
  own: Readonly<Record<string, unknown>> | undefined,
  other: Readonly<Record<string, unknown>> | undefined,
  mark: string,
): KubeObject | undefined {
  if (object === undefined || own === undefined) return object;
  const hidden: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(own)) {
    const differs = other !== undefined && Object.hasOwn(other, key) && !deepEqual(other[key], value);
    setOwn(hidden, key, differs ? `${MASK} ${mark}` : MASK);
  }
  return { ...object, [field]: hidden };
}

function withoutCopies(object: KubeObject | undefined): KubeObject | undefined {
  const { annotations } = object?.metadata ?? {};
  if (object === undefined || annotations === undefined || !Object.hasOwn(annotations, COPIES)) return object;
  const { [COPIES]: _, ...rest } = annotations;
  return { ...object, metadata: { ...object.metadata, annotations: rest } };
}
