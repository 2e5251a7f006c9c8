/** Label values by name. A family's labels are fixed; a value that is left out is empty. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  increment(labels?: Labels, by?: number): void;
  /** Forgets the sample with exactly these labels. */
  remove(labels: Labels): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
  add(labels: Labels, by: number): void;
  /** Forgets the sample with exactly these labels. */
  remove(labels: Labels): void;
}

/** What led to an observation: `trace_id`, say. Shown with the bucket that it went to, in OpenMetrics only. */
export interface Exemplar {
  readonly labels: Labels;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Histogram {
  observe(labels: Labels, value: number, exemplar?: Exemplar): void;
  remove(labels: Labels): void;
}

/** A gauge that is always 1: its labels tell of something, and change with it. One sample a key. */
export interface Info {
  /** Labels that are left out, or empty, are not shown. */
  set(key: string, labels: Labels): void;
  remove(key: string): void;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The lines of one sample after the other. */
  render(format: MetricsFormat): Iterable<string>;
}

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0, which has exemplars. */
export type MetricsFormat = 'text' | 'openmetrics';

/**
 * A registry of metrics that prints Prometheus' text format. Ours because a scrape must not hold the event loop: the text of
 * a sample is made once, not at each scrape, and a scrape pauses (docs/decisions/0056).
 */
export interface MetricsRegistry {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram;
  info(name: string, help: string): Info;
  /** Called before each scrape, for gauges that are read off something. */
  onScrape(collect: () => void): void;
  /**
   * All families: piece by piece, with a pause for other work before it would be held up.
   * The whole text is never in one piece: to make megabytes of it in a turn takes longer than the lines do.
   */
  pieces(format?: MetricsFormat): AsyncIterable<string>;
  /** The same as one text. */
  render(format?: MetricsFormat): Promise<string>;
}

export function createRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();
  const collectors: (() => void)[] = [];
  const register = <F extends Family>(family: F): F => {
    if (families.has(family.name)) throw new Error(`the metric ${family.name} is registered twice`);
    families.set(family.name, family);
    return family;
  };
  return {
    counter: (name, help, labels = []) => register(scalarFamily('counter', name, help, labels)),
    gauge: (name, help, labels = []) => register(scalarFamily('gauge', name, help, labels)),
    histogram: (name, help, labels, buckets) => register(histogramFamily(name, help, labels, buckets)),
    info: (name, help) => register(infoFamily(name, help)),
    onScrape: (collect) => void collectors.push(collect),
    pieces: (format = 'text') => print(families, collectors, format),
    async render(format = 'text') {
      const text: string[] = [];
      for await (const piece of print(families, collectors, format)) text.push(piece);
      return text.join('');
    },
  };
}

/** Others may work after so long. */
const LONGEST_HOLD_MS = 2;
/** So much text takes a twentieth of that. */
const PIECE_LENGTH = 16 * 1024;

async function* print(
  families: ReadonlyMap<string, Family>,
  collectors: readonly (() => void)[],
  format: MetricsFormat,
): AsyncGenerator<string> {
  for (const collect of collectors) collect();
  let piece = '';
  let since = performance.now();
  for (const family of [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    let isEmpty = true;
    for (const lines of family.render(format)) {
      if (isEmpty) piece += headOf(family, format);
      isEmpty = false;
      piece += lines;
      if (piece.length < PIECE_LENGTH) continue;
      yield piece;
      piece = '';
      if (performance.now() - since < LONGEST_HOLD_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    }
  }
  yield format === 'openmetrics' ? `${piece}# EOF\n` : piece;
}

function headOf({ name, help, type }: Family, format: MetricsFormat): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  if (format === 'text') return `# HELP ${name} ${text}\n# TYPE ${name} ${type}\n`;
  // There a counter's samples have the suffix, and the family has not.
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${family} ${text.replaceAll('"', String.raw`\"`)}\n# TYPE ${family} ${type}\n`;
}

function scalarFamily(type: 'counter' | 'gauge', name: string, help: string, labelNames: readonly string[]): Family & Counter & Gauge {
  /** By how their lines begin. */
  const samples = new Map<string, number>();
  const lineOf = (labels: Labels): string => `${name}${braced(labelText(labelNames, labels))} `;
  const add = (labels: Labels, by: number): void => {
    const line = lineOf(labels);
    samples.set(line, (samples.get(line) ?? 0) + by);
  };
  if (type === 'counter' && labelNames.length === 0) add({}, 0);
  return {
    name,
    help,
    type,
    add,
    increment: (labels = {}, by = 1) => add(labels, by),
    set: (labels, value) => void samples.set(lineOf(labels), value),
    remove: (labels) => void samples.delete(lineOf(labels)),
    *render() {
      for (const [line, value] of samples) yield `${line}${numberText(value)}\n`;
    },
  };
}

interface HistogramSample {
  readonly counts: number[];
  sum: number;
  count: number;
  /** Of the last observation that has one, with the bucket that it went to. */
  exemplar?: { readonly bucket: number; readonly text: string } | undefined;
  /** Its lines in each format, until it changes. */
  texts: { [format in MetricsFormat]?: string };
}

function histogramFamily(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): Family & Histogram {
  const samples = new Map<string, HistogramSample>();
  const bounds = buckets.map(numberText);
  const textOf = (labels: string, { counts, sum, count, exemplar }: HistogramSample, format: MetricsFormat): string => {
    const prefix = labels === '' ? '' : `${labels},`;
    const exemplarOf = (bucket: number): string => (format === 'openmetrics' && exemplar?.bucket === bucket ? exemplar.text : '');
    let total = 0;
    let text = '';
    for (const [index, inBucket] of counts.entries()) {
      text += `${name}_bucket{${prefix}le="${bounds[index]}"} ${(total += inBucket)}${exemplarOf(index)}\n`;
    }
    return `${text}${name}_bucket{${prefix}le="+Inf"} ${count}${exemplarOf(counts.length)}\n${name}_sum${braced(labels)} ${numberText(sum)}\n${name}_count${braced(labels)} ${count}\n`;
  };
  return {
    name,
    help,
    type: 'histogram',
    observe(labels, value, exemplar) {
      const key = labelText(labelNames, labels);
      let sample = samples.get(key);
      if (sample === undefined) samples.set(key, (sample = { counts: buckets.map(() => 0), sum: 0, count: 0, texts: {} }));
      sample.sum += value;
      sample.count++;
      sample.texts = {};
      const found = buckets.findIndex((bound) => value <= bound);
      const bucket = found < 0 ? buckets.length : found;
      if (found >= 0) sample.counts[bucket]!++;
      if (exemplar !== undefined) sample.exemplar = { bucket, text: exemplarText(exemplar, value) };
    },
    remove: (labels) => void samples.delete(labelText(labelNames, labels)),
    *render(format) {
      for (const [labels, sample] of samples) yield (sample.texts[format] ??= flat(textOf(labels, sample, format)));
    },
  };
}

function infoFamily(name: string, help: string): Family & Info {
  const samples = new Map<string, string>();
  return {
    name,
    help,
    type: 'gauge',
    set(key, labels) {
      const shown = Object.keys(labels).filter((label) => labels[label] !== '');
      samples.set(key, flat(`${name}${braced(labelText(shown, labels))} 1\n`));
    },
    remove: (key) => void samples.delete(key),
    render: () => samples.values(),
  };
}

/** The same text, no longer a tree of the pieces that it was put together from, which would be walked at every scrape. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

function exemplarText({ labels, at }: Exemplar, value: number): string {
  return ` # {${labelText(Object.keys(labels), labels)}} ${numberText(value)} ${(at / 1000).toFixed(3)}`;
}

/** Made for each sample that is counted, thousands of times a second: a loop takes half of what `map` and `join` do. */
function labelText(names: readonly string[], labels: Labels): string {
  let text = '';
  for (const name of names) text += `${text === '' ? '' : ','}${name}="${escaped(labels[name] ?? '')}"`;
  return text;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

/** As Go prints it: bounds of buckets are labels, which dashboards compare as texts. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  const size = Math.abs(value);
  const isPlain = value === 0 || (size >= 1e-4 && size < 1e21);
  return isPlain ? String(value) : value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
