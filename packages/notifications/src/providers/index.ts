import type { NotifierFactory } from '../notifier.js';
import { alertmanager, datadog, grafana, incidentIo, opsgenie, pagerDuty } from './alerting.js';
import { azureDevOps } from './azure-devops.js';
import { bitbucket, bitbucketServer } from './bitbucket.js';
import { azureEventHub, googlePubSub, nats } from './bus.js';
import { lark, matrix, telegram, webex, zoom, zulip } from './chat.js';
import { email } from './email.js';
import { generic, genericHmac } from './forward.js';
import { gitea, giteaPullRequestComment } from './gitea.js';
import { gitHub, gitHubDispatch, gitHubPullRequestComment } from './github.js';
import { gitLab, gitLabMergeRequestComment } from './gitlab.js';
import { googleChat } from './google-chat.js';
import { openTelemetry } from './otel.js';
import { sentry } from './sentry.js';
import { discord, rocket, slack } from './slack.js';
import { teams } from './teams.js';

/** Every type of Provider. */
export const notifiers: ReadonlyMap<string, NotifierFactory> = new Map<string, NotifierFactory>([
  ['generic', generic],
  ['generic-hmac', genericHmac],
  ['slack', slack],
  ['discord', discord],
  ['rocket', rocket],
  ['msteams', teams],
  ['googlechat', googleChat],
  ['googlepubsub', googlePubSub],
  ['webex', webex],
  ['sentry', sentry],
  ['azureeventhub', azureEventHub],
  ['telegram', telegram],
  ['lark', lark],
  ['matrix', matrix],
  ['opsgenie', opsgenie],
  ['alertmanager', alertmanager],
  ['grafana', grafana],
  ['pagerduty', pagerDuty],
  ['datadog', datadog],
  ['nats', nats],
  ['zulip', zulip],
  ['otel', openTelemetry],
  ['zoom', zoom],
  ['incident.io', incidentIo],
  ['email', email],
  ['github', gitHub],
  ['githubdispatch', gitHubDispatch],
  ['githubpullrequestcomment', gitHubPullRequestComment],
  ['gitlab', gitLab],
  ['gitlabmergerequestcomment', gitLabMergeRequestComment],
  ['gitea', gitea],
  ['giteapullrequestcomment', giteaPullRequestComment],
  ['bitbucket', bitbucket],
  ['bitbucketserver', bitbucketServer],
  ['azuredevops', azureDevOps],
]);
