import { RE2JS } from 're2js';
import type { AlertMetadata } from './metadata.js';
import type { NotificationEvent } from './event.js';

/** The part of an Alert's spec that chooses events. */
export interface AlertSpec extends AlertMetadata {
  readonly eventSeverity?: string | undefined;
  readonly eventSources: readonly EventSource[];
  readonly inclusionList?: readonly string[] | undefined;
  readonly exclusionList?: readonly string[] | undefined;
  readonly suspend?: boolean | undefined;
}

export interface EventSource {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
}

/** What an Alert makes of an event; `faults` are for its owner: a pattern that does not compile, an object that is gone. */
export interface AlertMatch {
  readonly matches: boolean;
  readonly faults: readonly AlertFault[];
}

export interface AlertFault {
  readonly reason: 'InvalidConfig' | 'SourceFetchFailed';
  readonly message: string;
}

/**
 * Whether an Alert is for an event.
 *
 * @param labelsOf the labels of the object that the event is about; undefined when it can not be read
 */
export function matchAlert(
  spec: AlertSpec,
  namespace: string,
  event: NotificationEvent,
  labelsOf: () => Readonly<Record<string, string>> | undefined,
): AlertMatch {
  if (spec.suspend === true) return { matches: false, faults: [] };
  const faults: AlertFault[] = [];
  const isSource = spec.eventSources.some((source) => isOfSource(spec, source, namespace, event, labelsOf, faults));
  const { inclusionList = [], exclusionList = [] } = spec;
  const matches =
    isSource &&
    (inclusionList.length === 0 || inclusionList.some((pattern) => finds(pattern, event.message, 'inclusion', faults))) &&
    !exclusionList.some((pattern) => finds(pattern, event.message, 'exclusion', faults));
  return { matches, faults };
}

function isOfSource(
  spec: AlertSpec,
  source: EventSource,
  namespace: string,
  event: NotificationEvent,
  labelsOf: () => Readonly<Record<string, string>> | undefined,
  faults: AlertFault[],
): boolean {
  const { involvedObject: object, severity } = event;
  if (object.namespace !== (source.namespace ?? namespace) || object.kind !== source.kind) return false;
  if (severity !== spec.eventSeverity && spec.eventSeverity !== 'info') return false;
  if (source.name !== '*' && source.name !== object.name) return false;
  if (source.matchLabels === undefined) return true;
  const labels = labelsOf();
  if (labels === undefined) {
    faults.push({ reason: 'SourceFetchFailed', message: `error getting source object ${object.kind}/${object.namespace}/${object.name}` });
    return false;
  }
  return Object.entries(source.matchLabels).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

function finds(pattern: string, message: string, list: string, faults: AlertFault[]): boolean {
  const compiled = compile(pattern);
  if (compiled === undefined) {
    faults.push({ reason: 'InvalidConfig', message: `failed to compile ${list} regex: ${pattern}` });
    return false;
  }
  return compiled.matcher(message).find();
}

const MAX_COMPILED = 1_000;
const compiledPatterns = new Map<string, RE2JS | undefined>();

/** Patterns are few and events are many: what was compiled is kept. */
function compile(pattern: string): RE2JS | undefined {
  if (compiledPatterns.has(pattern)) return compiledPatterns.get(pattern);
  let compiled: RE2JS | undefined;
  try {
    compiled = RE2JS.compile(pattern);
  } catch {
    compiled = undefined;
  }
  if (compiledPatterns.size >= MAX_COMPILED) compiledPatterns.clear();
  compiledPatterns.set(pattern, compiled);
  return compiled;
}
