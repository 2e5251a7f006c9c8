import { StatusError } from './status.js';

/** How an answer is to look. */
export interface Representation {
  readonly encoding: 'json' | 'yaml';
  /** What the object is turned into before it is encoded. */
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** The version of `meta.k8s.io` for Table and PartialObjectMetadata. */
  readonly metaVersion: string;
}

const plain: Representation = { encoding: 'json', as: 'object', metaVersion: 'v1' };
const transforms = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

/** Accept headers repeat: each distinct one is read once. */
const known = new Map<string, Representation>();

/**
 * The representation that an Accept header asks for. The server prints JSON and YAML; protobuf alone is answered in JSON,
 * which every client of the API reads.
 */
export function negotiate(accept: string | undefined): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain;
  let found = known.get(accept);
  if (found === undefined) {
    found = read(accept);
    if (known.size > 1000) known.clear();
    known.set(accept, found);
  }
  return found;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

export function readAccept(accept: string): readonly MediaRange[] {
  const ranges = accept.split(',').map((text) => {
    const [type = '', ...parts] = text.split(';').map((part) => part.trim());
    const parameters = new Map(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
    const quality = Number(parameters.get('q') ?? '1');
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return ranges.sort((a, b) => b.quality - a.quality);
}

function read(accept: string): Representation {
  let refusedTransform = false;
  for (const { type, parameters } of readAccept(accept)) {
    const encoding = encodings[type];
    if (encoding === undefined) continue;
    const as = parameters.get('as');
    if (as === undefined) return { ...plain, encoding };
    const version = parameters.get('v') ?? '';
    if (transforms.has(as) && parameters.get('g') === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')) {
      return { encoding, as: as as Representation['as'], metaVersion: version };
    }
    refusedTransform = true;
  }
  throw refusedTransform ? onlyAccepted() : notAcceptable();
}

const encodings: Readonly<Record<string, Representation['encoding']>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'json',
  '*/*': 'json',
};

export function onlyAccepted(): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

function notAcceptable(): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    {},
  );
}

export type BodyType = 'json' | 'yaml' | 'protobuf';

/** The encoding of a request's body. */
export function bodyType(contentType: string | undefined): BodyType {
  switch (mediaType(contentType)) {
    case '':
    case 'application/json':
      return 'json';
    case 'application/yaml':
      return 'yaml';
    case 'application/vnd.kubernetes.protobuf':
      return 'protobuf';
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      );
  }
}

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

export function patchKind(contentType: string | undefined): PatchKind {
  switch (mediaType(contentType)) {
    case 'application/json-patch+json':
      return 'json';
    case 'application/merge-patch+json':
      return 'merge';
    case 'application/strategic-merge-patch+json':
      return 'strategic';
    case 'application/apply-patch+yaml':
      return 'apply';
    default:
      throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
}

function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Refuses a list representation for one object, and the other way round. */
export function checkShape(representation: Representation, isList: boolean, kind: string): void {
  if (isList && representation.as === 'PartialObjectMetadata') {
    throw new StatusError(
      406,
      'NotAcceptable',
      `you requested PartialObjectMetadata, but the requested object is a list (*core.${kind}List)`,
    );
  }
  if (!isList && representation.as === 'PartialObjectMetadataList') {
    throw new StatusError(
      406,
      'NotAcceptable',
      `you requested PartialObjectMetadataList, but the requested object is not a list (*core.${kind})`,
    );
  }
}
