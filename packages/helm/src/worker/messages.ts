import type { MessagePort } from 'node:worker_threads';
import type { ErrorPlace, ErrorReason, JsonObject } from '@sluice/core';
import type { Chart } from '../chart/chart.js';
import type { RenderOptions, Rendering } from '../render/render.js';
import type { ReleaseOptions } from '../render/templates.js';
import type { Values } from '../values/values.js';

/** What a worker is asked. The chart comes along when the worker has not seen it yet. */
export interface RenderRequest {
  /** The chart's number. */
  readonly id: number;
  readonly chart?: Chart;
  /** The chart that is not asked for any more. */
  readonly drop?: number;
  readonly values: Readonly<Values>;
  readonly release: ReleaseOptions;
  readonly options: Omit<RenderOptions, 'lookup' | 'postRenderer' | 'limits'>;
  /** Where to ask for objects of the cluster, and what to sleep on until the answer is there. */
  readonly lookup?: { readonly port: MessagePort; readonly shared: Int32Array };
}

export type Answer =
  | { readonly rendering: Rendering }
  | { readonly reason: ErrorReason; readonly message: string; readonly place: ErrorPlace };

export interface LookupRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export type LookupAnswer = { readonly object: JsonObject | undefined } | { readonly error: string };
