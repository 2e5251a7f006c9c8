import type { KubeObject } from '@sluice/core';
import type { Resource } from '../registry/resource.js';
import { storedMetadata } from '../kinds/workloads/daemon-set.js';
import { cellsOf } from './cells/index.js';
import { builtInColumns, customColumns } from './columns.js';
import { customCells } from './custom-cells.js';

export interface TableOptions {
  readonly metadata: object;
  readonly metaVersion: string;
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly now: number;
  /** Only the first Table of a watch says what its columns are. */
  readonly withColumns: boolean;
}

/** Objects as rows of text, as `kubectl get` shows them. */
export function tableOf(resource: Resource, objects: readonly KubeObject[], options: TableOptions): object {
  const { metadata, metaVersion, includeObject, now, withColumns } = options;
  const apiVersion = `meta.k8s.io/${metaVersion}`;
  const shown = (object: KubeObject): object | null =>
    includeObject === 'None'
      ? null
      : includeObject === 'Object'
        ? object
        : { kind: 'PartialObjectMetadata', apiVersion, metadata: storedMetadata(object) };
  const isCustom = resource.custom !== undefined;
  const columns = isCustom ? customColumns(resource) : builtInColumns(resource);
  const rows = objects.map((object) => ({
    cells: isCustom ? customCells(resource, object, now) : cellsOf(resource, object, now),
    ...(resource.table === '/pods' ? podConditions(object) : {}),
    object: shown(object),
  }));
  // The kinds that the server knows no columns for have no rows rather than none.
  const isPlain = columns.some(({ name }) => name === 'Created At');
  return {
    kind: 'Table',
    apiVersion,
    metadata,
    columnDefinitions: withColumns ? columns : null,
    rows: rows.length === 0 && isPlain ? null : rows,
  };
}

/** Finished Pods are marked: kubectl hides them when asked to. */
function podConditions({ status }: KubeObject): { conditions?: object[] } {
  const phase = (status as { phase?: string } | undefined)?.phase;
  if (phase === 'Succeeded')
    return { conditions: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }] };
  if (phase === 'Failed') return { conditions: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }] };
  return {};
}
