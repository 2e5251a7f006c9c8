import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, list, map, object, omit, required, string } from '../dsl/schema.js';
import { groups } from '../shared/names.js';
import { allKinds, fluxKinds, localReference } from '../shared/references.js';
import { ageColumn, conditions, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { crossNamespaceReference } from './cross-namespace-reference.js';

const eventSources = <const K extends string>(kinds: readonly K[], maxLength?: number) =>
  required(list('The objects whose events are sent.', object('Objects of a kind.', crossNamespaceReference(kinds, maxLength))));

const spec = {
  eventMetadata: map('Metadata to add to the events; what an event has already, wins.', string('')),
  eventSeverity: choice('Which events: all of them, or errors only.', ['info', 'error'], { default: 'info' }),
  eventSources: eventSources(allKinds),
  exclusionList: list('Regular expressions for messages that are not sent.', string('')),
  inclusionList: list('Regular expressions for the only messages that are sent.', string('')),
  providerRef: required(about('The Provider to send them by.', localReference)),
  summary: string('A text to add to the events, for people.', { maxLength: 255 }),
  suspend: boolean('Send nothing.'),
};

const what = 'Which events are sent to whom.';

export const alertV1beta3 = version({
  name: 'v1beta3',
  about: what,
  spec: object('What to send.', spec),
  columns: [ageColumn],
});

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('What to send.', spec),
  status: object('Not recorded any more.', reconcileStatus, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Alert', 'v1beta2', 'v1beta3'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('What to send.', {
    ...omit(spec, 'eventMetadata', 'inclusionList'),
    eventSources: eventSources(fluxKinds, 53),
    summary: string('A text to add to the events, for people.'),
  }),
  status: object('Not recorded any more.', { conditions, observedGeneration: reconcileStatus.observedGeneration }, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Alert', 'v1beta1', 'v1beta3'),
});

export const alert: CustomResource = {
  group: groups.notification,
  kind: 'Alert',
  plural: 'alerts',
  singular: 'alert',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  versions: [alertV1beta3, v1beta2, v1beta1],
};

export type Alert = ResourceObject<typeof groups.notification, 'Alert', typeof alertV1beta3>;
