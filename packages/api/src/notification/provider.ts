import { superseded, version, type CustomResource, type ResourceObject } from '../dsl/custom-resource.js';
import { about, boolean, choice, object, omit, required, string } from '../dsl/schema.js';
import { duration, timeout } from '../shared/duration.js';
import { groups } from '../shared/names.js';
import { localReference } from '../shared/references.js';
import { ageColumn, conditions, readyColumns, reconcileStatus, unobserved } from '../shared/status.js';

const services = [
  'slack',
  'discord',
  'msteams',
  'rocket',
  'generic',
  'generic-hmac',
  'github',
  'gitlab',
  'gitea',
  'giteapullrequestcomment',
  'bitbucketserver',
  'bitbucket',
  'azuredevops',
  'googlechat',
  'googlepubsub',
  'webex',
  'sentry',
  'azureeventhub',
  'telegram',
  'lark',
  'matrix',
  'opsgenie',
  'alertmanager',
  'grafana',
  'githubdispatch',
  'githubpullrequestcomment',
  'gitlabmergerequestcomment',
  'pagerduty',
  'datadog',
  'nats',
  'zulip',
  'otel',
  'zoom',
  'incident.io',
  'email',
] as const;
type Service = (typeof services)[number];

/** Services that came after a version, by the version. */
const afterV1beta2: readonly Service[] = [
  'giteapullrequestcomment',
  'githubpullrequestcomment',
  'gitlabmergerequestcomment',
  'nats',
  'zulip',
  'otel',
  'zoom',
  'incident.io',
  'email',
];
const afterV1beta1: readonly Service[] = [...afterV1beta2, 'gitea', 'bitbucketserver', 'googlepubsub', 'pagerduty', 'datadog'];

const serviceBefore = (later: readonly Service[]) =>
  required(
    choice(
      'The service to send to.',
      services.filter((service) => !later.includes(service)),
    ),
  );

const spec = {
  address: string('The address to send to; one in the Secret wins.', { maxLength: 2048 }),
  certSecretRef: about('The Secret with certificates: ca.crt, tls.crt, tls.key.', localReference),
  channel: string('The channel, room or topic.', { maxLength: 2048 }),
  commitStatusExpr: string('The name of the commit status, in CEL over event, alert and provider.'),
  interval: duration('Without effect: providers are not polled.'),
  proxy: string('The proxy to use; proxySecretRef wins.', { maxLength: 2048, pattern: '^(http|https)://.*$' }),
  proxySecretRef: about('The Secret with the proxy to use: address, username, password.', localReference),
  secretRef: about('The Secret with the credentials: token, address, headers, username, password.', localReference),
  serviceAccountName: string('The ServiceAccount to authenticate as, for services that take workload identities.'),
  suspend: boolean('Send nothing.'),
  timeout: timeout('The limit of each request. Default: 15s.'),
  type: required(choice('The service to send to.', services)),
  username: string('The name that messages are from.', { maxLength: 2048 }),
};

const what = 'A service that events are sent to.';

export const providerV1beta3 = version({
  name: 'v1beta3',
  about: what,
  spec: object('Where to send, and how.', spec, {
    rules: [
      {
        message:
          "spec.commitStatusExpr is only supported for the 'github', 'gitlab', 'gitea', 'bitbucketserver', 'bitbucket', 'azuredevops' provider types",
        rule: "self.type == 'github' || self.type == 'gitlab' || self.type == 'gitea' || self.type == 'bitbucketserver' || self.type == 'bitbucket' || self.type == 'azuredevops' || !has(self.commitStatusExpr)",
      },
    ],
  }),
  // Flux has none: a provider that takes nothing any more is told of in the log only.
  status: object('Whether the service takes what it is sent. Empty as long as it always did.', { conditions }),
  columns: [ageColumn],
});

const v1beta2 = version({
  name: 'v1beta2',
  about: what,
  spec: object('Where to send, and how.', {
    ...omit(spec, 'commitStatusExpr', 'proxySecretRef', 'serviceAccountName'),
    type: serviceBefore(afterV1beta2),
  }),
  status: object('Not recorded any more.', reconcileStatus, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Provider', 'v1beta2', 'v1beta3'),
});

const v1beta1 = version({
  name: 'v1beta1',
  about: what,
  spec: object('Where to send, and how.', {
    ...omit(spec, 'commitStatusExpr', 'interval', 'proxySecretRef', 'serviceAccountName'),
    address: string('The address to send to; one in the Secret wins.', { pattern: '^(http|https)://' }),
    channel: string('The channel, room or topic.'),
    proxy: string('The proxy to use.', { pattern: '^(http|https)://' }),
    type: serviceBefore(afterV1beta1),
    username: string('The name that messages are from.'),
  }),
  status: object('Not recorded any more.', { conditions, observedGeneration: reconcileStatus.observedGeneration }, unobserved),
  columns: [ageColumn, ...readyColumns],
  ...superseded('Provider', 'v1beta1', 'v1beta3'),
});

export const provider: CustomResource = {
  group: groups.notification,
  kind: 'Provider',
  plural: 'providers',
  singular: 'provider',
  categories: ['all', 'fluxcd', 'fluxcd-notifications'],
  versions: [providerV1beta3, v1beta2, v1beta1],
};

export type Provider = ResourceObject<typeof groups.notification, 'Provider', typeof providerV1beta3>;
