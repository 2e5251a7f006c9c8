/** Bounds of what is read. */
export interface YamlLimits {
  /** Nodes of one document, aliased ones counted each time. */
  readonly nodes: number;
  /** Collections inside each other. */
  readonly depth: number;
  /** Length of the whole text, in bytes (UTF-16 units of a string). */
  readonly size: number;
}

export const defaultLimits: YamlLimits = { nodes: 1_000_000, depth: 1_000, size: 64 * 1024 * 1024 };

/** What every reader of a text takes. */
export interface YamlTextOptions {
  /** The file's name, for errors. */
  readonly file?: string;
  /** The text holds secrets: errors name the place but do not show the line. */
  readonly confidential?: boolean;
  readonly limits?: Partial<YamlLimits>;
}

/**
 * Whose rules give a plain scalar its type.
 * - `sigs`: sigs.k8s.io/yaml, over go-yaml v2. kubectl, the API server, Helm and kustomization.yaml are read with it
 *   (YAML 1.1: `on` is true, dates are strings, keys become strings).
 * - `kyaml`: go-yaml v3, which the resources of a kustomize build are read with (`on` is a string, an unquoted date
 *   becomes a full timestamp, a key that is not a string is an error).
 */
export type YamlTypes = 'sigs' | 'kyaml';

export interface YamlReadOptions extends YamlTextOptions {
  /** `sigs` by default. */
  readonly types?: YamlTypes;
  /** A key twice in a mapping: refused, or the last one counts. As in Go by default: `last` with `sigs`, `error` with `kyaml`. */
  readonly duplicateKeys?: 'error' | 'last';
  /**
   * Integers beyond 2^53: `exact` (the default) makes them `bigint` where they fit 64 bits, as the API's unstructured
   * objects keep them; `float64` rounds, as Helm's values do.
   */
  readonly integers?: 'exact' | 'float64';
}
