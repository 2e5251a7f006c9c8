/**
 * One node of an object type: what its value may be, and how values are merged, owned and decoded.
 *
 * A node can have several shapes (a free-form field is a scalar, a list or a map); the value decides which counts, see
 * {@link shapeOf}. Nodes of recursive types form cycles. Nodes are built once and shared: never change one.
 */
export interface TypeNode {
  readonly scalar?: ScalarKind;
  readonly list?: ListShape;
  readonly map?: MapShape;
  /** How the real server's decoder treats the value; absent in types of custom resources, which are free JSON until validated. */
  readonly go?: GoKind;
  /** The name of the Go type, for messages: `v1.Container`. */
  readonly goName?: string;
}

/** The scalars that server-side apply tells apart; `untyped` takes any of them. */
export type ScalarKind = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface ListShape {
  readonly element: TypeNode;
  /** Replaced as a whole. Otherwise elements have an identity: their value (a set) or the values of their keys. */
  readonly atomic: boolean;
  /** The fields that identify an element; none for a set. */
  readonly keys: readonly string[];
}

export interface MapShape {
  readonly fields: ReadonlyMap<string, FieldNode>;
  /** The type of keys that are not fields; undefined when there are none but fields. */
  readonly element: TypeNode | undefined;
  readonly atomic: boolean;
}

export interface FieldNode {
  readonly name: string;
  readonly type: TypeNode;
  /** The default of a key of a keyed list, which belongs to the key even when the field is left out. */
  readonly default?: unknown;
  readonly required: boolean;
  /** Left out of JSON when empty. */
  readonly omitEmpty: boolean;
  /** A struct left out when it is zero. */
  readonly omitZero: boolean;
  readonly pointer: boolean;
  /** Strategic merge patch: how lists and maps are merged, and the key of their elements. */
  readonly patchStrategies: readonly string[];
  readonly patchMergeKey?: string;
  readonly enum?: readonly string[];
}

/** The Go types that the decoder of built-in kinds knows. */
export type GoKind =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'byte'
  | 'time'
  | 'microTime'
  | 'quantity'
  | 'intOrString'
  | 'struct'
  | 'map'
  | 'list'
  | 'raw'
  | 'any';

export type Shape = 'scalar' | 'list' | 'map';

/** The shape that counts for a value: the value's own when the type has it, otherwise the type's first of map, scalar, list. */
export function shapeOf(node: TypeNode, value: unknown): Shape | undefined {
  if (value !== undefined && value !== null) {
    if (Array.isArray(value)) {
      if (node.list !== undefined) return 'list';
    } else if (typeof value === 'object') {
      if (node.map !== undefined) return 'map';
    } else if (node.scalar !== undefined) {
      return 'scalar';
    }
  }
  return node.map !== undefined ? 'map' : node.scalar !== undefined ? 'scalar' : node.list !== undefined ? 'list' : undefined;
}

const atomicNode: { scalar: ScalarKind; list?: ListShape; map?: MapShape; go: GoKind } = { scalar: 'untyped', go: 'any' };
atomicNode.list = { element: atomicNode, atomic: true, keys: [] };
atomicNode.map = { fields: new Map(), element: atomicNode, atomic: true };

/** Free-form data that is owned as a whole. */
export const untypedAtomic: TypeNode = atomicNode;

const deducedNode: { scalar: ScalarKind; list: ListShape; map?: MapShape; go: GoKind } = {
  scalar: 'untyped',
  list: { element: untypedAtomic, atomic: true, keys: [] },
  go: 'any',
};
deducedNode.map = { fields: new Map(), element: deducedNode, atomic: false };

/** Free-form data whose maps are owned key by key; its lists are atomic. */
export const untypedDeduced: TypeNode = deducedNode;
