// The pages of docs/kinds as text.

const NOTE = '<!-- Written by `npm run docs` from packages/api and docs/kinds/examples: change those. -->';

/** Kinds whose controllers are still to come: their objects are stored and checked, and nothing is done with them. */
const NOT_YET = new Set(['ImageRepository', 'ImagePolicy', 'ImageUpdateAutomation']);
const NO_CONTROLLER =
  'No controller of Sluice works on this kind yet: use the one of Flux beside it ([moving from Flux](../moving-from-flux.md)).';

/** The page of a kind: what it is, an example, its fields, its status, its older versions. */
export function kindPage({ group, kind, plural, shortNames = [], singular, versions }, example) {
  const [{ name, about, spec, status, columns }, ...older] = versions;
  const parts = [
    NOTE,
    `# ${kind}`,
    about,
    ...(NOT_YET.has(kind) ? [NO_CONTROLLER] : []),
    [
      `- API: \`${group}/${name}\`, namespaced`,
      `- kubectl: \`${[plural, singular, ...shortNames].join('`, `')}\``,
      columns.length > 0 ? `- columns of \`kubectl get\`: ${columns.map((column) => column.name).join(', ')}` : undefined,
    ]
      .filter((line) => line !== undefined)
      .join('\n'),
    '## Example',
    `[examples/${singular}.yaml](examples/${singular}.yaml):`,
    `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``,
    '## spec',
    fieldTable(spec.json),
    ...rulesPart(spec.json),
  ];
  if (status === undefined) parts.push('## status', 'None: this kind records no state. Whether it works is told by events and by the log.');
  else parts.push('## status', fieldTable(status.json));
  parts.push('## Versions', versionsPart(name, older, spec.json));
  return `${parts.join('\n\n')}\n`;
}

/** The list of all kinds. */
export function indexPage(kinds) {
  const rows = kinds.map(({ kind, singular, group, versions }) => {
    const [current, ...older] = versions;
    return `| [${kind}](${singular}.md) | \`${group}/${current.name}\` | ${older.map(({ name }) => `\`${name}\``).join(', ')} | ${current.about} |`;
  });
  return `${[
    NOTE,
    '# The kinds',
    'Those of Flux, field by field. A field that is not in these tables is refused, not ignored; each works as with Flux, except where [the page on moving](../moving-from-flux.md) says otherwise.',
    ['| kind | API | also served | what it is |', '|---|---|---|---|', ...rows].join('\n'),
    'Every example is applied by a test, with strict validation, to the embedded cluster, and seen to become ready where the test can play the other side.',
  ].join('\n\n')}\n`;
}

function fieldTable(schema) {
  const rows = fieldsOf(schema, '').map(({ path, json, isRequired }) => {
    const notes = [limits(json), json.default === undefined ? '' : `Default: \`${JSON.stringify(json.default)}\`.`].filter(
      (note) => note !== '',
    );
    return `| \`${path}\`${isRequired ? ' **(required)**' : ''} | ${typeOf(json)} | ${cell([json.description ?? '', ...notes].join(' '))} |`;
  });
  return ['| field | type | what it says |', '|---|---|---|', ...rows].join('\n');
}

/** All fields below a schema in the order of their names, each followed by its own. */
function fieldsOf(schema, prefix) {
  const properties = schema.properties ?? {};
  return Object.keys(properties)
    .sort()
    .flatMap((name) => {
      const json = properties[name];
      const path = `${prefix}${name}`;
      const inner = json.type === 'array' ? json.items : json;
      const below =
        typeof inner.additionalProperties === 'object' ? { schema: inner.additionalProperties, mark: '.*' } : { schema: inner, mark: '' };
      const mark = `${json.type === 'array' ? '[]' : ''}${below.mark}`;
      return [{ path, json, isRequired: schema.required?.includes(name) === true }, ...fieldsOf(below.schema, `${path}${mark}.`)];
    });
}

/** The pattern of durations begins so: 1m, 1h30m, 500ms. */
const DURATION = '^([0-9]+(\\.[0-9]+)?(ms|s|m';

function isDuration({ pattern }) {
  return pattern?.startsWith(DURATION) === true;
}

function typeOf(json) {
  if (json.enum !== undefined) return json.enum.map((value) => `\`${value}\``).join(', ');
  if (json.type === 'array') return `list of ${json.items.enum === undefined ? plain(json.items) : typeOf(json.items)}`;
  return plain(json);
}

function plain(json) {
  if (json['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (typeof json.additionalProperties === 'object') return `map of ${plain(json.additionalProperties)}`;
  if (json['x-kubernetes-preserve-unknown-fields'] === true) return 'anything';
  if (json.format === 'date-time') return 'time';
  if (isDuration(json)) return 'duration';
  return json.type ?? 'anything';
}

function limits(json) {
  const { pattern, minLength, maxLength, minItems, maxItems, minimum, maximum } = json;
  return [
    pattern === undefined || isDuration(json) ? '' : `Matches \`${pattern}\`.`,
    range('characters', minLength, maxLength),
    range('items', minItems, maxItems),
    range('', minimum, maximum),
  ]
    .filter((text) => text !== '')
    .join(' ');
}

function range(of, from, to) {
  if (from === undefined && to === undefined) return '';
  const text = from === undefined ? `At most ${to}` : to === undefined ? `At least ${from}` : `${from} to ${to}`;
  return `${text}${of === '' ? '' : ` ${of}`}.`;
}

/** What the server refuses beyond types: the rules in CEL, by what they say. */
function rulesPart(schema) {
  const rules = rulesOf(schema, 'spec');
  return rules.length === 0 ? [] : ['Refused by a rule:', rules.map(({ path, message }) => `- \`${path}\`: ${message}`).join('\n')];
}

function rulesOf(schema, path) {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message, rule }) => ({ path, message: message ?? `\`${rule}\`` }));
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, json]) => rulesOf(json, `${path}.${name}`));
  const items = schema.items === undefined ? [] : rulesOf(schema.items, `${path}[]`);
  return [...own, ...below, ...items];
}

function versionsPart(current, older, spec) {
  if (older.length === 0) return `\`${current}\` is the only one.`;
  const rows = older.map(({ name, spec: { json }, deprecationWarning }) => {
    const names = Object.keys(json.properties ?? {});
    const now = Object.keys(spec.properties ?? {});
    const more = names.filter((field) => !now.includes(field)).sort();
    const fewer = now.filter((field) => !names.includes(field)).sort();
    return `| \`${name}\` | ${quoted(more)} | ${quoted(fewer)} | ${cell(deprecationWarning ?? '')} |`;
  });
  return [
    `\`${current}\` is stored. The older ones are served, converted, and warned about; what they had and \`${current}\` has not is refused or without effect, as its text says. What a version has not in its spec is newer than it, and taken there all the same.`,
    '',
    '| version | had in its spec | has not in its spec | warning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function quoted(names) {
  return names.map((name) => `\`${name}\``).join(', ');
}

function cell(text) {
  return text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}
