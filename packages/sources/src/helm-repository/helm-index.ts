import { setImmediate as nextTurn } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { compareVersions, matchingVersions, parseConstraint, parseVersion, tryParseVersion } from '@sluice/semver';
import { parseYaml } from '@sluice/yaml';
import { readChartVersion, readHeader, type ReadRules } from './fields.js';
import { splitIndex } from './split.js';

/** One version of a chart in an index; further fields of its Chart.yaml are there too. */
export interface ChartVersion {
  readonly name: string;
  readonly version: string;
  readonly urls: readonly string[] | null;
  readonly created: string;
  /** Of the archive: hexadecimal sha256. */
  readonly digest?: string;
  readonly appVersion?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
}

/** The index of a Helm repository, as Helm sees it: invalid versions are left out, the newest come first. */
export interface HelmIndex {
  /** `sha256:…` of the index as the repository has it: the revision of a HelmRepository. */
  readonly revision: string;
  readonly charts: ReadonlyMap<string, readonly ChartVersion[]>;
  /** Its other fields. */
  readonly header: Readonly<Record<string, unknown>>;
}

/** The most bytes of an index, as with Flux. */
export const maxIndexBytes: number = 50 * 1024 * 1024;

const limits = { nodes: 5_000_000, depth: 200 };
/** How long it is parsed before other work gets its turn. */
const sliceMs = 25;

/** The revision of an index: known before it is parsed, so that one that is known already needs not be. */
export function indexRevision(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads an index.yaml, which may be JSON. */
export async function parseHelmIndex(bytes: Buffer): Promise<HelmIndex> {
  if (bytes.length === 0) throw invalid('empty index.yaml file');
  if (bytes.length > maxIndexBytes) {
    throw new SluiceError('SourceTooLarge', `failed to load index: it exceeds the maximum index file size of ${maxIndexBytes} bytes`);
  }
  const text = bytes.toString('utf8');
  const charts = new Map<string, ChartVersion[]>();
  const json = parseJson(text);
  const header = json === undefined ? await readYaml(text, charts) : await readWhole(json, charts, { format: 'json' });
  if (header.apiVersion === undefined) throw invalid('no API version specified');
  return { revision: indexRevision(bytes), charts, header };
}

/** Undefined when it is no JSON. */
function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readYaml(text: string, charts: Map<string, ChartVersion[]>): Promise<Record<string, unknown>> {
  const rules = { format: 'yaml' } as const;
  const split = splitIndex(text);
  if (split !== undefined) {
    const rest = await readSplit(split, charts, rules);
    if (rest !== undefined) return rest;
    charts.clear();
  }
  return await readWhole(yaml(text), charts, rules);
}

/** Undefined when a part does not stand by itself (an alias, say, or a fault whose line only the whole tells). */
async function readSplit(
  { rest, charts: texts }: NonNullable<ReturnType<typeof splitIndex>>,
  charts: Map<string, ChartVersion[]>,
  rules: ReadRules,
): Promise<Record<string, unknown> | undefined> {
  const inTurns = turns();
  for (const text of texts) {
    await inTurns();
    const parsed = tryYaml(text);
    const [entry, ...others] = isJsonObject(parsed) ? Object.entries(parsed) : [];
    if (entry === undefined || others.length > 0 || charts.has(entry[0])) return undefined;
    addChart(charts, entry[0], entry[1], rules);
  }
  const parsed = tryYaml(rest);
  return isJsonObject(parsed) && !Object.hasOwn(parsed, 'entries') ? readHeader(parsed, rules) : undefined;
}

async function readWhole(value: unknown, charts: Map<string, ChartVersion[]>, rules: ReadRules): Promise<Record<string, unknown>> {
  if (!isJsonObject(value)) throw invalid('it is not an object');
  const { entries, ...rest } = value;
  if (entries !== undefined && entries !== null && !isJsonObject(entries)) throw invalid('its entries are not an object');
  const inTurns = turns();
  for (const [name, versions] of Object.entries(entries ?? {})) {
    await inTurns();
    addChart(charts, name, versions, rules);
  }
  return readHeader(rest, rules);
}

/** Lets other work have its turn from time to time. */
function turns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < sliceMs) return;
    await nextTurn();
    since = performance.now();
  };
}

function addChart(charts: Map<string, ChartVersion[]>, name: string, value: unknown, rules: ReadRules): void {
  if (value !== null && !Array.isArray(value)) throw invalid(`entries.${name} is not a list`);
  const versions = (value ?? [])
    .filter((each) => each !== null)
    .map((each, index) => readChartVersion(each, () => `entries.${name}[${index}]`, rules))
    // Old indexes have no API version with their charts.
    .map((each) => (each.apiVersion === undefined ? withApiVersion(each) : each))
    .filter(isValid)
    .map((each) => ({ each, version: parseVersion(each.version) }))
    .sort((a, b) => compareVersions(b.version, a.version))
    .map(({ each }) => each);
  charts.set(name, versions);
}

/** In the place where Helm prints it: before those of its fields that follow in its struct. */
function withApiVersion(entry: Record<string, unknown>): Record<string, unknown> {
  return readChartVersion({ ...entry, apiVersion: 'v1' }, () => '', { format: 'json' });
}

const aliasForm = /^[a-zA-Z0-9_-]+$/;

/** Helm's own checks of a chart's metadata; what fails them is passed over. Two dependencies of one name are let through there. */
function isValid(entry: Record<string, unknown>): entry is Record<string, unknown> & ChartVersion {
  const { name, version, type = '', maintainers, dependencies } = entry;
  if (typeof name !== 'string' || name === '' || name === '.' || name === '..' || name.includes('/')) return false;
  if (typeof version !== 'string' || tryParseVersion(version) === undefined) return false;
  if (type !== '' && type !== 'application' && type !== 'library') return false;
  if (Array.isArray(maintainers) && maintainers.includes(null)) return false;
  return (
    !Array.isArray(dependencies) ||
    dependencies.every((each: unknown) => isJsonObject(each) && (typeof each.alias !== 'string' || aliasForm.test(each.alias)))
  );
}

/** The version of a chart that Flux takes: one that is written exactly like it, else the newest in the range; of equal ones the youngest. */
export function findChart(index: HelmIndex, name: string, wanted: string): ChartVersion {
  const versions = index.charts.get(name);
  if (versions === undefined) throw new SluiceError('SourceNotFound', 'no chart name found');
  if (versions.length === 0) throw new SluiceError('SourceNotFound', 'no chart version found');
  const exact = wanted === '' ? undefined : versions.find(({ version }) => version === wanted);
  if (exact !== undefined) return exact;
  const [newest] = matchingVersions(
    parseConstraint(wanted === '' ? '*' : wanted),
    versions.map(({ version }) => version),
  );
  if (newest === undefined) throw new SluiceError('SourceNotFound', `no '${name}' chart with version matching '${wanted}' found`);
  const best = parseVersion(newest);
  return versions
    .filter(({ version }) => version.split('.').length >= 3 && compareVersions(parseVersion(version), best) === 0)
    .reduce((youngest, each) => (Date.parse(each.created) > Date.parse(youngest.created) ? each : youngest));
}

/** The index in JSON, byte for byte as Flux stores it, in pieces. */
export function* printHelmIndex({ header, charts }: HelmIndex): Generator<string> {
  const { serverInfo, apiVersion, generated = '0001-01-01T00:00:00Z', ...others } = header;
  yield `{\n${serverInfo === undefined ? '' : `${field('serverInfo', serverInfo)},\n`}${field('apiVersion', apiVersion)},\n${field('generated', generated)},\n`;
  const names = [...charts.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  yield names.length === 0 ? '  "entries": {}' : '  "entries": {\n';
  for (const [index, name] of names.entries()) {
    yield `${field(name, charts.get(name) ?? [], '    ')}${index < names.length - 1 ? ',' : ''}\n`;
  }
  if (names.length > 0) yield '  }';
  for (const [name, value] of Object.entries(others)) yield `,\n${field(name, value)}`;
  yield '\n}';
}

function field(name: string, value: unknown, depth = '  '): string {
  return `${depth}${goJson(name)}: ${goJson(value, depth)}`;
}

/** JSON as Go's encoder writes it with an indent, below a line that is indented already. */
function goJson(value: unknown, depth = ''): string {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each), 2) ?? 'null';
  const escaped = text.replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return depth === '' ? escaped : escaped.replaceAll('\n', `\n${depth}`);
}

function yaml(text: string): unknown {
  try {
    return parseYaml(text, { file: 'index.yaml', duplicateKeys: 'error', limits });
  } catch (error) {
    throw new SluiceError('SourceAnswerInvalid', `failed to load index: ${errorMessage(error)}`, {
      cause: error,
      ...(error instanceof SluiceError && { place: error.place }),
    });
  }
}

function tryYaml(text: string): unknown {
  try {
    return parseYaml(text, { duplicateKeys: 'error', limits });
  } catch {
    return undefined;
  }
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceAnswerInvalid', `failed to load index: ${why}`);
}
