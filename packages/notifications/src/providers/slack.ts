import { isJsonObject } from '@sluice/core';
import { requireUrl } from '../address.js';
import { metadataFields, objectTitle } from '../describe.js';
import { isFailure, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { HttpAnswer } from '../outlet.js';
import { answerJson, postJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';

interface Look {
  readonly channel: string;
  readonly username: string;
  readonly good: string;
  readonly bad: string;
  readonly fallback: string;
}

/** An incoming webhook, or the API with a bot's token. */
export function slack(settings: ProviderSettings): Notifier {
  requireUrl(settings.address, 'Slack hook URL');
  return (event, outlet) =>
    postJson(outlet, {
      url: settings.address,
      headers: settings.token === '' ? {} : { Authorization: `Bearer ${settings.token}` },
      body: message(event, {
        channel: settings.channel,
        username: settings.username === '' ? event.reportingController : settings.username,
        good: 'good',
        bad: 'danger',
        fallback: `${objectTitle(event)}: ${event.message.split('\n', 1)[0] ?? ''}`,
      }),
      ...(settings.address === 'https://slack.com/api/chat.postMessage' ? { fault: apiFault } : {}),
    });
}

/** Discord takes Slack's messages at a path of its own. */
export function discord(settings: ProviderSettings): Notifier {
  const url = requireUrl(settings.address, 'Discord hook URL');
  if (!settings.address.endsWith('/slack')) url.pathname = `${url.pathname.replace(/\/+$/u, '')}/slack`;
  return (event, outlet) =>
    postJson(outlet, {
      url: url.href,
      body: message(event, {
        channel: '',
        username: settings.username === '' ? event.reportingController : settings.username,
        good: 'good',
        bad: 'danger',
        fallback: '',
      }),
    });
}

export function rocket(settings: ProviderSettings): Notifier {
  requireUrl(settings.address, 'Rocket hook URL');
  return (event, outlet) =>
    postJson(outlet, {
      url: settings.address,
      body: message(event, {
        channel: settings.channel,
        username: settings.username,
        good: '#0076D7',
        bad: '#FF0000',
        fallback: '',
      }),
    });
}

function message(event: NotificationEvent, look: Look): unknown {
  return {
    channel: look.channel,
    username: look.username,
    icon_url: '',
    icon_emoji: '',
    attachments: [
      {
        fallback: look.fallback,
        color: isFailure(event) ? look.bad : look.good,
        author_name: objectTitle(event),
        text: event.message,
        mrkdwn_in: ['text'],
        fields: metadataFields(event, (title, value) => ({ title, value, short: false })),
      },
    ],
  };
}

/** Slack's API answers 200 to everything, and says in the body how it went. */
function apiFault(answer: HttpAnswer): string | undefined {
  const body = answerJson(answer);
  if (!isJsonObject(body)) return 'unable to unmarshal response body: it is not a JSON object';
  return body['ok'] === true ? undefined : `Slack responded with error: ${String(body['error'])}`;
}
