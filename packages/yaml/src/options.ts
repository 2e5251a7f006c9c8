/** Bounds of what is read from one document. */
export interface YamlLimits {
  /** Nodes, aliased ones counted each time. */
  readonly nodes: number;
  /** Collections inside each other. */
  readonly depth: number;
  /** Length of the text of a stream, in bytes (or UTF-16 units of a string). */
  readonly size: number;
}

export const defaultLimits: YamlLimits = { nodes: 1_000_000, depth: 1_000, size: 64 * 1024 * 1024 };

export interface YamlReadOptions {
  /** The file's name, for errors. */
  readonly file?: string;
  /**
   * Whose rules give a plain scalar its type. `sigs` (the default): sigs.k8s.io/yaml, which kubectl, the API server, Helm
   * and kustomization.yaml are read with (YAML 1.1: `on` is true). `kyaml`: go-yaml v3, which the resources of a
   * kustomize build are read with (`on` is a string, `2001-01-01` a time, `.inf` an error).
   */
  readonly types?: 'sigs' | 'kyaml';
  /** A key twice in a mapping: refused, or the last one counts. By default `last` with `sigs` and `error` with `kyaml`, as there. */
  readonly duplicateKeys?: 'error' | 'last';
  /**
   * Integers beyond 2^53: `exact` (the default) makes them `bigint` where they fit int64, as the API's unstructured
   * objects do; `float64` rounds, as Helm's values do.
   */
  readonly integers?: 'exact' | 'float64';
  readonly limits?: Partial<YamlLimits>;
}
