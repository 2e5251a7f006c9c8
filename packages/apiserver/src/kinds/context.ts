import type { KubeObject } from '@sluice/core';
import type { FieldError } from '@sluice/schema';
import type { Edit, Fields } from './common/index.js';
import type { NameRule } from './common/names.js';
import type { ServiceAllocator } from './network/service-allocator.js';

/** The other objects of the cluster, as admission needs to look at them. Everything is in memory: no promise. */
export interface Lookup {
  get(apiVersion: string, kind: string, namespace: string | undefined, name: string): KubeObject | undefined;
  list(apiVersion: string, kind: string, namespace?: string): readonly KubeObject[];
}

/** What a write knows beside its object. */
export interface WriteContext {
  /** The time of the write, as in `metadata.creationTimestamp`: RFC 3339 with seconds. */
  readonly now: string;
  readonly lookup: Lookup;
  /** Gives Services their addresses and ports. */
  readonly services: ServiceAllocator;
  /** Who writes: admission lets only some do some things. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] };
  /** `status`, `finalize`, … of a write to a subresource. */
  readonly subresource?: string;
  /** The strategy of a custom resource, by its definition. Built-in kinds bring their own. */
  readonly custom?: { readonly namespaced: boolean; readonly hasStatus: boolean };
}

/** An object ready to be validated against its schema (custom resources) and stored, or what speaks against it. */
export interface Prepared {
  readonly object: KubeObject;
  /** 422 Invalid, when there are any. */
  readonly errors: readonly FieldError[];
  /** Texts for Warning headers. */
  readonly warnings: readonly string[];
  /** 403 Forbidden: what admission says against the write, as in `pods "x" is forbidden: …`. */
  readonly forbidden?: string;
  /** To be called once, with whether the object was stored: addresses and ports taken for it become permanent, or free again. */
  readonly settle?: (stored: boolean) => void;
}

/** What the API server knows about one kind beyond its schema. Everything is optional but the scope. */
export interface KindRules {
  readonly namespaced: boolean;
  /** Which names are allowed. Default: DNS subdomains. */
  readonly names?: NameRule;
  /** Defaults that need more than the type knows; run when an object is decoded. */
  readonly defaults?: Edit;
  /** The fields whose change raises `metadata.generation` (`metadata.annotations` may be one); absent: the kind does not count generations. */
  readonly generation?: readonly string[];
  /** Whether `status` belongs to the subresource alone. */
  readonly hasStatus?: boolean;
  /** Fills in and resets fields of a new object. */
  readonly create?: (object: Fields, context: WriteContext) => Fields;
  /** Fills in and resets fields of a changed object. */
  readonly update?: (next: Fields, live: Fields, context: WriteContext) => Fields;
  /** Takes over what a write to /status may change. Default: the status. */
  readonly updateStatus?: (next: Fields, live: Fields) => Fields;
  /** Faults of an object on its own. */
  readonly validate?: (object: Fields, faults: FieldError[], context: WriteContext) => void;
  /** Faults that only a new object can have. */
  readonly validateCreate?: (object: Fields, faults: FieldError[], context: WriteContext) => void;
  /** Faults of a change. */
  readonly validateUpdate?: (next: Fields, live: Fields, faults: FieldError[], context: WriteContext) => void;
  readonly validateStatus?: (next: Fields, live: Fields, faults: FieldError[]) => void;
  /** A change is also checked as a new object. */
  readonly revalidate?: boolean;
  readonly warnings?: (object: Fields, live: Fields | undefined) => readonly string[];
  /** Admission: may fill in fields from other objects; a text refuses the write. */
  readonly admit?: (object: Fields, live: Fields | undefined, context: WriteContext) => Fields | string;
  /** Takes what has to be unique in the cluster: the last step before the object is stored. */
  readonly allocate?: (object: Fields, live: Fields | undefined, context: WriteContext, faults: FieldError[]) => Allocation;
}

export interface Allocation {
  readonly object: Fields;
  readonly settle: (stored: boolean) => void;
}
