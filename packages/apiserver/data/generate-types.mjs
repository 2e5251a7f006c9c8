// Writes types.json: what the API server has to know of Kubernetes' built-in types, in compact form.
//
//   node generate-types.mjs OPENAPI.json GO_MODULE_CACHE STAGING_VERSION > types.json
//
// OPENAPI.json: { version, definitions } with the fields, enums, merge and list-map keys of the published OpenAPI.
// The Go modules k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator} add what OpenAPI does not say and
// what decides how an object reads after a round trip through the real server: the order of fields, which are
// pointers, which are left out when empty, and defaults of single fields.
//
// A definition is { fields: [...], kinds?: [[group, version, kind]…], atomic?: true } or { type: … } for what is not a struct.
// A field is "name FLAGS type attributes…":
//   flags       * pointer   ? left out when empty   ~ left out when zero (structs)   ! required   - none
//   type        string, boolean, int32, int64, double, byte, date-time…; []type; {}type (map); a definition's name
//   attributes  l=atomic | l=set | l=map:key,key   m=atomic   p=patch strategy   k=merge key   e=enum|enum   t=Go type,
//               where that has a name of its own   d=default (JSON)
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [openapiFile, cache, staging] = process.argv.slice(2);
const openapi = JSON.parse(readFileSync(openapiFile, 'utf8'));
const packages = {
  'io.k8s.api.': (path) => `k8s.io/api@${staging}/${path}`,
  'io.k8s.apimachinery.pkg.': (path) => `k8s.io/apimachinery@${staging}/pkg/${path}`,
  'io.k8s.apiextensions-apiserver.pkg.': (path) => `k8s.io/apiextensions-apiserver@${staging}/pkg/${path}`,
  'io.k8s.kube-aggregator.pkg.': (path) => `k8s.io/kube-aggregator@${staging}/pkg/${path}`,
};
const goPackages = new Map();

const definitions = {};
for (const [name, schema] of Object.entries(openapi.definitions).sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (!name.startsWith('io.k8s.')) continue;
  definitions[shortName(name)] = definition(name, schema);
}
console.log(
  `{"version":${JSON.stringify(openapi.version)},"definitions":{\n${Object.entries(definitions)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',\n')}\n}}`,
);

function definition(name, schema) {
  const kinds = (schema['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }) => [group, version, kind]);
  const extra = { ...(kinds.length > 0 && { kinds }), ...(schema['x-kubernetes-map-type'] === 'atomic' && { atomic: true }) };
  if (schema.properties === undefined) return { type: schema.type === undefined ? 'any' : scalar(schema), ...extra };
  const go = goFields(name);
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([field, property]) => ({ field, property, go: go.get(field) }));
  for (const { field, go } of fields) if (go === undefined) console.error(`${name}.${field}: not in the Go type`);
  fields.sort((a, b) => (a.go?.order ?? 0) - (b.go?.order ?? 0));
  return { fields: fields.map(({ field, property, go }) => fieldText(field, property, go ?? {}, required.has(field))), ...extra };
}

function fieldText(field, property, go, required) {
  const flags = `${go.pointer ? '*' : ''}${go.omitEmpty ? '?' : ''}${go.omitZero ? '~' : ''}${required ? '!' : ''}`;
  const attributes = [];
  const listType = property['x-kubernetes-list-type'];
  if (listType !== undefined)
    attributes.push(`l=${listType}${listType === 'map' ? `:${property['x-kubernetes-list-map-keys'].join(',')}` : ''}`);
  if (property['x-kubernetes-map-type'] !== undefined) attributes.push(`m=${property['x-kubernetes-map-type']}`);
  if (property['x-kubernetes-patch-strategy'] !== undefined) attributes.push(`p=${property['x-kubernetes-patch-strategy']}`);
  if (property['x-kubernetes-patch-merge-key'] !== undefined) attributes.push(`k=${property['x-kubernetes-patch-merge-key']}`);
  const enumeration = property.enum ?? property.items?.enum;
  if (enumeration !== undefined) attributes.push(`e=${enumeration.join('|')}`);
  const named = namedGoType(go.type ?? '', go.version ?? '', typeText(property));
  if (named !== undefined) attributes.push(`t=${named}`);
  if (go.default !== undefined) attributes.push(`d=${go.default}`);
  return [field, flags === '' ? '-' : flags, typeText(property), ...attributes].join(' ');
}

function typeText(schema) {
  if (schema.$ref !== undefined) return shortName(schema.$ref);
  if (schema.type === 'array') return `[]${typeText(schema.items)}`;
  if (schema.type === 'object') return schema.additionalProperties === undefined ? 'object' : `{}${typeText(schema.additionalProperties)}`;
  return scalar(schema);
}

function scalar({ type, format }) {
  return format ?? (type === 'integer' ? 'int64' : type === 'number' ? 'double' : type);
}

/** The Go type of a field whose scalars or maps have a name: `v1.Protocol`, `[]v1.Capability`, `v1.ResourceList`. */
function namedGoType(type, version, text) {
  const plain = type.replace(/^\*/, '');
  if (plain.startsWith('[]')) {
    const element = namedGoType(plain.slice(2), version, text.replace(/^\[\]/, ''));
    return element === undefined ? undefined : `[]${element}`;
  }
  if (text.includes('.') ? !text.startsWith('{}') : text === 'byte') return undefined;
  if (/^[A-Z]\w*$/.test(plain)) return `${version}.${plain}`;
  const qualified = /^(\w+)\.(\w+)$/.exec(plain);
  return qualified === null ? undefined : `${qualified[1].replace(/^(meta|core)?v1$/, 'v1')}.${qualified[2]}`;
}

/** `io.k8s.api.apps.v1.Deployment` → `apps.v1.Deployment`, `io.k8s.apimachinery.pkg.apis.meta.v1.Time` → `meta.v1.Time`. */
function shortName(name) {
  return name.replace(/^io\.k8s\.(api\.|[a-z-]+\.pkg\.(apis\.)?)/, '');
}

/** Field name → { order, pointer, omitEmpty, omitZero, default } of a Go struct, embedded structs unfolded. */
function goFields(name) {
  const [prefix] = Object.keys(packages).filter((prefix) => name.startsWith(prefix));
  const path = name.slice(prefix.length).split('.');
  const type = path.pop();
  const folder = join(cache, packages[prefix](path.join('/')));
  const fields = new Map();
  collect(folder, type, fields);
  return fields;
}

function collect(folder, type, fields) {
  const struct = goPackage(folder).get(type);
  if (struct === undefined) return;
  for (const field of struct) {
    if (field.inline) collect(...resolveType(folder, field.type), fields);
    else if (!fields.has(field.name))
      fields.set(field.name, { ...field, order: fields.size + 1, version: folder.slice(folder.lastIndexOf('/') + 1) });
  }
}

function resolveType(folder, type) {
  const plain = type.replace(/^\*/, '');
  if (!plain.includes('.')) return [folder, plain];
  const [alias, name] = plain.split('.');
  const known = {
    metav1: `k8s.io/apimachinery@${staging}/pkg/apis/meta/v1`,
    v1: `k8s.io/api@${staging}/core/v1`,
    corev1: `k8s.io/api@${staging}/core/v1`,
  };
  return [join(cache, known[alias] ?? `unknown/${alias}`), name];
}

/** Struct name → its fields, from all Go files of a package. */
function goPackage(folder) {
  const known = goPackages.get(folder);
  if (known !== undefined) return known;
  const structs = new Map();
  goPackages.set(folder, structs);
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.go') || /_test\.go$|^zz_|generated|swagger/.test(file)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) structs.set(name, structFields(body));
  }
  return structs;
}

function structFields(body) {
  const fields = [];
  let marker;
  for (const line of body.split('\n')) {
    const defaulted = /^\s*\/\/ \+default=(.*)$/.exec(line);
    if (defaulted !== null) marker = defaulted[1].trim();
    const match = /^\s*(?:(\w+)\s+)?([*\w.[\]{}]+)\s+`.*json:"([^"]*)"/.exec(line);
    if (match === null) continue;
    const [, , type, tag] = match;
    const [name, ...options] = tag.split(',');
    const field = {
      name,
      type,
      pointer: type.startsWith('*'),
      omitEmpty: options.includes('omitempty'),
      omitZero: options.includes('omitzero'),
    };
    if (marker !== undefined && /^"|^\d|^true|^false/.test(marker)) field.default = marker;
    marker = undefined;
    fields.push(name === '' ? { ...field, inline: true } : field);
  }
  return fields;
}
