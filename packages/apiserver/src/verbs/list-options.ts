import { parseLabelSelector, SluiceError, type LabelSelector } from '@sluice/core';
import { forbidden as forbiddenField, notSupported, type FieldError } from '@sluice/schema';
import { parseFieldSelector, type ParsedFieldSelector } from '../selectors/fields.js';
import type { ResourceCall } from '../server/context.js';
import { isTrue } from '../server/request-info.js';
import { badRequest, invalid } from '../server/status.js';
import type { Stored } from '../store/stored.js';

/** What the query of a list, a watch or a collection's deletion asks for. */
export interface ListOptions {
  readonly labels: LabelSelector | undefined;
  readonly fields: ParsedFieldSelector | undefined;
  readonly limit: number;
  readonly continueToken: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  /** Undefined when it was not given. */
  readonly sendInitialEvents: boolean | undefined;
}

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' };

export function readListOptions({ info, resource }: ResourceCall, isWatch: boolean): ListOptions {
  const { query } = info;
  const initial = query.get('sendInitialEvents');
  const options: ListOptions = {
    limit: Math.max(0, readInteger(query, 'limit') ?? 0),
    timeoutSeconds: readInteger(query, 'timeoutSeconds'),
    labels: readLabelSelector(query.get('labelSelector') ?? ''),
    fields: parseFieldSelector(query.get('fieldSelector'), resource.fields, resource.refuseField),
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
  };
  const errors = isWatch ? watchFaults(options) : listFaults(options);
  if (errors.length > 0) throw invalid(LIST_OPTIONS, '', errors);
  return options;
}

/** Undefined for the empty selector: then no object has to be looked at. */
function readLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return undefined;
  try {
    return parseLabelSelector(text);
  } catch (error) {
    throw error instanceof SluiceError ? badRequest(error.message) : error;
  }
}

function listFaults({ resourceVersion, resourceVersionMatch: match, continueToken, sendInitialEvents }: ListOptions): FieldError[] {
  const faults: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '')
      faults.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (continueToken !== '')
      faults.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      faults.push(notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      faults.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) faults.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return faults;
}

function watchFaults({ resourceVersionMatch: match, sendInitialEvents }: ListOptions): FieldError[] {
  if (sendInitialEvents === undefined) {
    return match === ''
      ? []
      : [forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')];
  }
  if (match === 'NotOlderThan') return [];
  const faults = [forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')];
  if (match !== '') faults.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  return faults;
}

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Whether an object is among those asked for. */
export function selects({ labels, fields }: Pick<ListOptions, 'labels' | 'fields'>, stored: Stored): boolean {
  if (labels === undefined && fields === undefined) return true;
  if (fields?.name !== undefined && fields.name !== stored.name) return false;
  return (labels === undefined || labels(stored.labels)) && (fields === undefined || fields.matches(stored.object));
}
