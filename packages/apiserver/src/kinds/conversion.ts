import type { KubeObject } from '@sluice/core';
import { builtinType, canonicalObject } from '../objects/index.js';
import type { Fields } from './common/index.js';
import { asCore, asEvents } from './core/event.js';
import { toV1, toV2 } from './policy/autoscaler.js';

const converters: Readonly<Record<string, (object: Fields) => Fields>> = {
  'v1/Event events.k8s.io/v1': asEvents,
  'events.k8s.io/v1/Event v1': asCore,
  'autoscaling/v1/HorizontalPodAutoscaler autoscaling/v2': toV2,
  'autoscaling/v2/HorizontalPodAutoscaler autoscaling/v1': toV1,
};

/** A built-in object in another version that its kind is served in. The same object when it has that version, or its kind has only one. */
export function convertKind(object: KubeObject, apiVersion: string): KubeObject {
  if (object.apiVersion === apiVersion) return object;
  const key = `${object.apiVersion}/${object.kind} ${apiVersion}`;
  const convert = Object.hasOwn(converters, key) ? converters[key] : undefined;
  if (convert === undefined) return object;
  const converted = convert(object) as KubeObject;
  const type = builtinType(apiVersion, object.kind);
  return type === undefined ? converted : canonicalObject(type, converted);
}
