import type { Json, JsonObject } from '@sluice/core';
import type { HookEvent } from '../manifests/manifests.js';

export type ReleaseStatus =
  | 'unknown'
  | 'deployed'
  | 'uninstalled'
  | 'superseded'
  | 'failed'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback';

/** One revision of a release, as Helm stores it. Plain JSON; what other versions of Helm add to it stays in it. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly info: ReleaseInfo;
  readonly chart: StoredChart;
  /** The values that the user gave. */
  readonly config?: JsonObject;
  readonly manifest: string;
  readonly hooks?: readonly StoredHook[];
  /** Helm 4: `ssa` or `csa`. */
  readonly apply_method?: string;
}

export interface ReleaseInfo {
  /** Moments as RFC 3339; empty in Helm 3 where there is none, absent in Helm 4. */
  readonly first_deployed?: string;
  readonly last_deployed?: string;
  readonly deleted?: string;
  readonly description?: string;
  readonly status: ReleaseStatus;
  readonly notes?: string;
}

export interface StoredFile {
  readonly name: string;
  /** Base64. */
  readonly data: string;
  readonly modtime?: string;
}

/** The chart without its subcharts: Helm does not store them. */
export interface StoredChart {
  readonly metadata: JsonObject;
  readonly lock: Json;
  readonly templates: readonly StoredFile[] | null;
  readonly values: JsonObject | null;
  readonly schema: string | null;
  readonly files: readonly StoredFile[] | null;
}

export interface StoredHook {
  readonly name?: string;
  readonly kind?: string;
  readonly path?: string;
  readonly manifest?: string;
  readonly events?: readonly HookEvent[];
  readonly last_run?: { readonly started_at?: string; readonly completed_at?: string; readonly phase: string };
  readonly weight?: number;
  readonly delete_policies?: readonly string[];
  readonly output_log_policies?: readonly string[];
}
