import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, list, object, omit, required, string } from '../dsl/schema.js';
import { duration } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { allKinds, fluxKinds, localReference } from '../shared/references.js';
import { ageColumn, conditions, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';
import { crossNamespaceReference } from './cross-namespace-reference.js';

const callers = [
  'generic',
  'generic-hmac',
  'generic-oidc',
  'github',
  'gitlab',
  'bitbucket',
  'harbor',
  'dockerhub',
  'quay',
  'gcr',
  'nexus',
  'acr',
  'cdevents',
] as const;

const typeOf = <const C extends string>(values: readonly C[]) =>
  required(choice('Who calls, which decides how calls are checked.', values));

const resourcesAbout = 'The objects to reconcile when the webhook is called.';

const spec = {
  events: list('The kinds of events to react to. Default: all.', string('')),
  interval: duration('How often to reconcile this Receiver.', { default: '10m' }),
  oidcProviders: list(
    'Who may call, by tokens of OpenID Connect. Only for the type generic-oidc.',
    object('An issuer of tokens.', {
      audience: string('The audience that tokens must name. Default: the address of this Receiver.'),
      issuerURL: required(string('The address of the issuer.', { pattern: '^https?://' })),
      validations: required(
        list(
          'What must hold of a token.',
          object('A condition.', {
            expression: required(string('The condition, in CEL over claims and vars.')),
            message: required(string('What to say when it does not hold.')),
          }),
          { minItems: 1 },
        ),
      ),
      variables: list(
        'Values for the conditions.',
        object('A value.', {
          expression: required(string('The value, in CEL over claims and the variables before it.')),
          name: required(string('Its name.')),
        }),
      ),
    }),
    { keys: ['issuerURL'] },
  ),
  resourceFilter: string('Which of the resources to trigger, in CEL over req and res. Default: all.'),
  resources: required(
    list(
      resourcesAbout,
      object('Objects of a kind.', {
        ...crossNamespaceReference(allKinds),
        filter: string('Which of them to trigger, in CEL over req and res. Default: all.'),
      }),
    ),
  ),
  secretRef: about('The Secret with the token that the webhook is called with.', localReference),
  suspend: boolean('Answer no calls.'),
  type: typeOf(callers),
};

const status = { ...reconcileStatus, webhookPath: string('The path of the webhook.') };
const what = 'A webhook that makes objects reconcile at once.';

export const receiverV1 = version({
  name: 'v1',
  about: what,
  spec: object('Who may call, and what it triggers.', spec, {
    rules: [
      {
        message: 'generic-oidc receivers must define at least one oidcProvider',
        rule: "self.type != 'generic-oidc' || (has(self.oidcProviders) && size(self.oidcProviders) > 0)",
      },
      {
        message: 'oidcProviders can only be set when type is generic-oidc',
        rule: "self.type == 'generic-oidc' || !has(self.oidcProviders) || size(self.oidcProviders) == 0",
      },
      { message: 'secretRef cannot be set when type is generic-oidc', rule: "self.type != 'generic-oidc' || !has(self.secretRef)" },
      { message: 'secretRef is required when type is not generic-oidc', rule: "self.type == 'generic-oidc' || has(self.secretRef)" },
    ],
  }),
  status: object('Where it listens.', status, unobserved),
  columns: [ageColumn, ...readyColumns],
});

const legacySpec = {
  ...omit(spec, 'interval', 'oidcProviders', 'resourceFilter'),
  secretRef: required(spec.secretRef),
  type: typeOf(callers.filter((caller) => caller !== 'generic-oidc' && caller !== 'cdevents')),
};
const resourcesOf = <const K extends string>(kinds: readonly K[], maxLength?: number) =>
  required(
    list('The objects to reconcile when the webhook is called.', object('Objects of a kind.', crossNamespaceReference(kinds, maxLength))),
  );
const url = string('Not recorded any more: see webhookPath.');

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('Who may call, and what it triggers.', {
    ...legacySpec,
    interval: duration('How often to reconcile this Receiver.'),
    resources: resourcesOf(allKinds),
  }),
  status: object('Where it listens.', { ...status, url }, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Receiver', 'v1beta2', 'v1'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('Who may call, and what it triggers.', { ...legacySpec, resources: resourcesOf(fluxKinds, 53) }),
  status: object('Where it listens.', { conditions, observedGeneration: reconcileStatus.observedGeneration, url }, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Receiver', 'v1beta1', 'v1'),
});

export const receiver: CustomResource = {
  group: groups.notification,
  kind: 'Receiver',
  plural: 'receivers',
  singular: 'receiver',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  versions: [receiverV1, v1beta2, v1beta1],
};

export type Receiver = ResourceObject<typeof groups.notification, 'Receiver', typeof receiverV1>;
