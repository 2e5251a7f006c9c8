/** Label values by name. A family's labels are fixed; a value that is left out is empty. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  increment(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
  add(labels: Labels, by: number): void;
  /** Forgets the sample with exactly these labels. */
  remove(labels: Labels): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
  remove(labels: Labels): void;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Appends the samples' lines. */
  render(lines: string[]): void;
}

/**
 * A registry of metrics that prints Prometheus' text format. Ours because a scrape must not hold the event loop: label
 * strings are made once a sample, not once a scrape (docs/decisions/0056).
 */
export interface MetricsRegistry {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram;
  /** Called before each scrape, for gauges that are read off something. */
  onScrape(collect: () => void): void;
  /** All families, in Prometheus' text format 0.0.4. */
  render(): string;
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
    onScrape: (collect) => void collectors.push(collect),
    render() {
      for (const collect of collectors) collect();
      const lines: string[] = [];
      for (const family of [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const before = lines.length;
        family.render(lines);
        if (lines.length === before) continue;
        lines.splice(
          before,
          0,
          `# HELP ${family.name} ${family.help.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\n' : '\\\\'))}`,
          `# TYPE ${family.name} ${family.type}`,
        );
      }
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
    },
  };
}

function scalarFamily(type: 'counter' | 'gauge', name: string, help: string, labelNames: readonly string[]): Family & Counter & Gauge {
  const samples = new Map<string, number>();
  const add = (labels: Labels, by: number): void => {
    const key = labelText(labelNames, labels);
    samples.set(key, (samples.get(key) ?? 0) + by);
  };
  if (type === 'counter' && labelNames.length === 0) samples.set('', 0);
  return {
    name,
    help,
    type,
    add,
    increment: (labels = {}, by = 1) => add(labels, by),
    set: (labels, value) => void samples.set(labelText(labelNames, labels), value),
    remove: (labels) => void samples.delete(labelText(labelNames, labels)),
    render(lines) {
      for (const [labels, value] of samples) lines.push(`${name}${braced(labels)} ${numberText(value)}`);
    },
  };
}

function histogramFamily(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): Family & Histogram {
  const samples = new Map<string, { counts: number[]; sum: number; count: number }>();
  const bounds = buckets.map(numberText);
  return {
    name,
    help,
    type: 'histogram',
    observe(labels, value) {
      const key = labelText(labelNames, labels);
      let sample = samples.get(key);
      if (sample === undefined) samples.set(key, (sample = { counts: buckets.map(() => 0), sum: 0, count: 0 }));
      sample.sum += value;
      sample.count++;
      const index = buckets.findIndex((bound) => value <= bound);
      if (index >= 0) sample.counts[index]!++;
    },
    remove: (labels) => void samples.delete(labelText(labelNames, labels)),
    render(lines) {
      for (const [labels, { counts, sum, count }] of samples) {
        const prefix = labels === '' ? '' : `${labels},`;
        let total = 0;
        counts.forEach((inBucket, index) => {
          total += inBucket;
          lines.push(`${name}_bucket{${prefix}le="${bounds[index]}"} ${total}`);
        });
        lines.push(
          `${name}_bucket{${prefix}le="+Inf"} ${count}`,
          `${name}_sum${braced(labels)} ${numberText(sum)}`,
          `${name}_count${braced(labels)} ${count}`,
        );
      }
    },
  };
}

function labelText(names: readonly string[], labels: Labels): string {
  return names.map((name) => `${name}="${escaped(labels[name] ?? '')}"`).join(',');
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
}
