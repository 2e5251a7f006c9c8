import type { HelmRelease } from '@sluice/api';
import type { Chart, Rendering, Values } from '@sluice/helm';
import type { Cluster, HealthReader } from '@sluice/kube';
import type { Clock } from '@sluice/runtime';
import type { LiveObjects } from '../../apply/live-objects.js';
import type { ReleaseRecords } from './records.js';

/** What it takes to do something to a release that exists. */
export interface ActionContext {
  readonly object: HelmRelease;
  /** The target cluster, as whom the HelmRelease acts. */
  readonly cluster: Cluster;
  /** Only of the engine's own cluster. */
  readonly live: LiveObjects | undefined;
  readonly records: ReleaseRecords;
  /** Judges objects; with the expressions of the HelmRelease. */
  readonly health: HealthReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How many requests are under way at a time. */
  readonly concurrency: number;
  /** As Helm 3 does it, where neither the HelmRelease nor its records say otherwise. */
  readonly helm3: boolean;
  /** For people, when the action fails. */
  readonly note: (line: string) => void;
  /** Ends waiting for health (not for hooks): what is waited for is of no more use. */
  readonly overtaken: AbortSignal;
}

/** What it takes to make a release. */
export interface ReleaseContext extends ActionContext {
  readonly chart: Chart;
  readonly values: Values;
  /** Renders the chart (or another one in its place), post-rendering included. */
  readonly render: (
    values: Values,
    release: { readonly revision: number; readonly isUpgrade: boolean },
    chart?: Chart,
  ) => Promise<Rendering>;
}

/** Under which name objects are written. */
export const MANAGER = 'helm-controller';

/** A moment as Helm writes it. */
export function helmTime(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.?0*Z$/, 'Z');
}
