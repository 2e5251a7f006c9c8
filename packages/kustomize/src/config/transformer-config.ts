import { parseYaml } from '@sluice/yaml';
import { arrayOf, decodeDocument, object, string } from '../kustomization/decode.js';
import { fieldSpec } from '../kustomization/kustomization.js';
import { defaultFieldSpecs } from './default-field-specs.js';
import { mergeFieldSpecs, mergeNameReferences, sortByGvk, type FieldSpec, type NameReference } from './field-spec.js';

/** The field specs of all transformers. Values are never changed, so configs share them. */
export interface TransformerConfig {
  readonly namePrefix: readonly FieldSpec[];
  readonly nameSuffix: readonly FieldSpec[];
  readonly namespace: readonly FieldSpec[];
  readonly commonLabels: readonly FieldSpec[];
  readonly labels: readonly FieldSpec[];
  readonly templateLabels: readonly FieldSpec[];
  readonly commonAnnotations: readonly FieldSpec[];
  readonly nameReference: readonly NameReference[];
  readonly varReference: readonly FieldSpec[];
  readonly images: readonly FieldSpec[];
  readonly replicas: readonly FieldSpec[];
}

export const emptyConfig: TransformerConfig = {
  namePrefix: [],
  nameSuffix: [],
  namespace: [],
  commonLabels: [],
  labels: [],
  templateLabels: [],
  commonAnnotations: [],
  nameReference: [],
  varReference: [],
  images: [],
  replicas: [],
};

const specLists = [
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'templateLabels',
  'commonAnnotations',
  'varReference',
  'images',
  'replicas',
] as const;

let defaults: TransformerConfig | undefined;

/** The built-in field specs. */
export function defaultConfig(): TransformerConfig {
  defaults ??= readDefaults();
  return defaults;
}

function readDefaults(): TransformerConfig {
  const lists = new Map<string, FieldSpec[]>();
  const nameReference: { group: string; version: string; kind: string; referrers: FieldSpec[] }[] = [];
  let specs: FieldSpec[] = [];
  for (const line of defaultFieldSpecs.split('\n')) {
    if (line.startsWith('[')) {
      const [field = '', target] = line.slice(1, -1).split(' ');
      specs = [];
      if (target === undefined) lists.set(field, specs);
      else nameReference.push({ ...readSelector(target), referrers: specs });
    } else if (line !== '') {
      const [selector = '', ...paths] = line.split(' ');
      const { group, version, kind } = readSelector(selector);
      for (const path of paths) {
        const create = path.startsWith('+');
        specs.push({ group, version, kind, path: create ? path.slice(1) : path, create });
      }
    }
  }
  const config = { ...emptyConfig, nameReference };
  for (const name of specLists) config[name] = lists.get(name) ?? [];
  return config;
}

/** `Kind`, `group/version/Kind` (a group may have slashes itself), or `*`. */
function readSelector(text: string): { group: string; version: string; kind: string } {
  if (text === '*') return { group: '', version: '', kind: '' };
  const parts = text.split('/');
  const kind = parts.pop() ?? '';
  const version = parts.pop() ?? '';
  return { group: parts.join('/'), version, kind };
}

export function mergeConfigs(config: TransformerConfig, incoming: TransformerConfig): TransformerConfig {
  if (incoming === emptyConfig || incoming === config) return config;
  const nameReference = mergeNameReferences(config.nameReference, incoming.nameReference);
  const merged = { ...config, nameReference: nameReference === incoming.nameReference ? nameReference : sortByGvk(nameReference) };
  for (const name of specLists) {
    const specs = mergeFieldSpecs(config[name], incoming[name]);
    merged[name] = specs === config[name] || specs === incoming[name] ? specs : sortByGvk(specs);
  }
  return merged;
}

/** Decodes field specs as configurations and transformers write them. */
export const fieldSpecs = arrayOf(fieldSpec);

const configFile = object('TransformerConfig', {
  ...(Object.fromEntries(specLists.map((name) => [name, fieldSpecs])) as Record<(typeof specLists)[number], typeof fieldSpecs>),
  nameReference: arrayOf(object('NameBackReferences', { group: string, version: string, kind: string, fieldSpecs })),
});

/** Reads a file of `configurations:`. */
export function readConfigFile(content: Uint8Array, file: string): TransformerConfig {
  const text = new TextDecoder().decode(content);
  const value = parseYaml(text, { file, duplicateKeys: 'error' });
  const decoded = decodeDocument(configFile, value, {
    isStrict: true,
    coerces: true,
    prefix: 'error unmarshaling JSON: while decoding JSON: ',
    file,
    text,
  });
  const config = { ...emptyConfig };
  for (const name of specLists) config[name] = sortByGvk(toFieldSpecs(decoded[name]));
  const references = (decoded.nameReference ?? []).map((reference) => ({
    ...toFieldSpec(reference),
    referrers: toFieldSpecs(reference.fieldSpecs),
  }));
  return { ...config, nameReference: sortByGvk(references) };
}

/** A field spec as decoded: what is not said is undefined. */
export type PartialFieldSpec = { [field in keyof FieldSpec]?: FieldSpec[field] };

export function toFieldSpecs(specs: readonly PartialFieldSpec[] | undefined): readonly FieldSpec[] {
  return (specs ?? []).map(toFieldSpec);
}

function toFieldSpec(spec: PartialFieldSpec): FieldSpec {
  return {
    group: spec.group ?? '',
    version: spec.version ?? '',
    kind: spec.kind ?? '',
    path: spec.path ?? '',
    create: spec.create ?? false,
  };
}
