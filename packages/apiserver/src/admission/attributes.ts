import type { KubeObject } from '@sluice/core';
import type { Resource } from '../registry/resource.js';
import type { ResourceCall } from '../server/context.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** A write that waits for its admission. */
export interface AdmissionWrite {
  readonly operation: Operation;
  /** Undefined for a deletion. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly dryRun: boolean;
}

/** A write as webhooks look at it: which rules are about it, and what is sent. */
export interface Attributes extends AdmissionWrite {
  readonly call: ResourceCall;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
}

export function attributesOf(call: ResourceCall, write: AdmissionWrite): Attributes {
  const { resource, path } = call;
  const name = path.name === '' ? ((write.object ?? write.oldObject)?.metadata.name ?? '') : path.name;
  // Namespaces are in themselves.
  const namespace = resource.table === '/namespaces' ? name : path.namespace;
  return { ...write, call, subresource: path.subresource, name, namespace };
}

/** An object of the call's resource in another of its versions; what a subresource shows has one version only. */
export function inVersion(object: KubeObject | undefined, from: Resource, to: Resource): KubeObject | undefined {
  return object === undefined || from === to || object.kind !== from.kind ? object : to.convert(object);
}
