import { isJsonObject, type Json, type KubeObject } from '@sluice/core';
import { createMergePatch, type Cluster } from '@sluice/kube';

/** Writes an object's status while a pass works on it. */
export interface StatusWriter {
  /** Writes the status soon. States given while a write is under way are merged into the next one. */
  soon(status: object): void;
  /** Writes the status, if it is not what was written last, and waits for all earlier writes. */
  flush(status: object): Promise<void>;
  /** The object as the cluster answered it last. */
  readonly object: KubeObject;
}

export interface StatusWriterOptions {
  readonly cluster: Cluster;
  readonly fieldManager: string;
  /** Ends a write under way. */
  readonly signal: AbortSignal;
  /** Runs `write` after a moment; a pass that ends before it shows only its end. */
  readonly delay: (write: () => void) => () => void;
  /** A write that nobody waits for has failed. */
  readonly onError: (error: unknown) => void;
}

/**
 * One patch a change, conditions and fields together, so that nobody reads a Ready status with the old inventory. The
 * patch names the object's UID: the status of an object that was deleted and made again is never overwritten.
 */
export function createStatusWriter(
  object: KubeObject,
  { cluster, fieldManager, signal, delay, onError }: StatusWriterOptions,
): StatusWriter {
  let current = object;
  let wanted: object | undefined;
  let writing: Promise<void> | undefined;
  let cancelDelay: (() => void) | undefined;

  async function write(): Promise<void> {
    while (wanted !== undefined) {
      const status = wanted;
      wanted = undefined;
      const before = isJsonObject(current['status']) ? current['status'] : {};
      const patch = createMergePatch(before, status);
      if (patch === undefined) continue;
      const { apiVersion, kind, metadata } = current;
      const body = { metadata: metadata.uid === undefined ? {} : { uid: metadata.uid }, status: patch } as Json;
      current = await cluster.patch(
        { apiVersion, kind, name: metadata.name!, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) },
        'merge',
        body,
        { subresource: 'status', fieldManager, signal },
      );
    }
  }

  function start(): Promise<void> {
    cancelDelay?.();
    cancelDelay = undefined;
    writing ??= write().finally(() => (writing = undefined));
    return writing;
  }

  return {
    get object() {
      return current;
    },
    soon(status) {
      // Fields are replaced, never changed, so that a copy of the first level holds still.
      wanted = { ...status };
      if (writing !== undefined || cancelDelay !== undefined) return;
      cancelDelay = delay(() => {
        start().catch(onError);
      });
    },
    async flush(status) {
      await writing?.catch(() => {});
      wanted = status;
      await start();
    },
  };
}
