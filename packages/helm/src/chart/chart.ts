import type { Values } from '../values/values.js';

/** A file of a chart: its path in the chart, and its content. */
export interface ChartFile {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface Maintainer {
  readonly name: string;
  readonly email: string;
  readonly url: string;
}

/** A chart that another one needs, as its Chart.yaml (or requirements.yaml) says. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly condition: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  /** A name below the child's `exports`, or a table of the child and where it goes in the parent. */
  readonly importValues: readonly (string | { readonly child: string; readonly parent: string })[];
  readonly alias: string;
}

/** Chart.yaml. What is not there is empty, as in Helm. */
export interface ChartMetadata {
  readonly name: string;
  readonly home: string;
  readonly sources: readonly string[];
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly maintainers: readonly Maintainer[];
  readonly icon: string;
  readonly apiVersion: string;
  readonly condition: string;
  readonly tags: string;
  readonly appVersion: string;
  readonly deprecated: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly kubeVersion: string;
  readonly dependencies: readonly Dependency[];
  readonly type: string;
}

/** A chart as it is loaded, its subcharts with it. Plain data, never changed. */
export interface Chart {
  readonly metadata: ChartMetadata;
  /** The defaults of its values.yaml. */
  readonly values: Values;
  /** values.yaml as it is written, comments and all. */
  readonly valuesText: string;
  /** values.schema.json. */
  readonly schema?: Uint8Array;
  readonly templates: readonly ChartFile[];
  /** All other files. */
  readonly files: readonly ChartFile[];
  /** The charts below `charts/`. */
  readonly subcharts: readonly Chart[];
}

/** A manifest below `crds/` of a chart or of one of its subcharts. */
export interface ChartCrd {
  /** The path with the charts that lead to it: `parent/charts/child/crds/crd.yaml`. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** The manifests below `crds/` of a chart itself, which Helm applies before all others and never changes. */
export function chartCrds(chart: Chart, path: string): ChartCrd[] {
  return chart.files
    .filter(({ name }) => name.startsWith('crds/') && /\.(ya?ml|json)$/i.test(name))
    .map(({ name, data }) => ({ path: `${path}/${name}`, data }));
}
