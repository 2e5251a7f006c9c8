import { requireUrl } from '../address.js';
import { metadataFields, objectTitle } from '../describe.js';
import { isFailure, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import { postJson } from '../post.js';
import type { ProviderSettings } from '../settings.js';

/** A workflow's adaptive card, or the message card of the older connectors. */
export function teams(settings: ProviderSettings): Notifier {
  const { hostname } = requireUrl(settings.address, 'MS Teams webhook URL');
  const body = hostname.endsWith('.webhook.office.com') ? messageCard : adaptiveCard;
  return (event, outlet) => postJson(outlet, { url: settings.address, body: body(event) });
}

function messageCard(event: NotificationEvent): unknown {
  const title = objectTitle(event);
  return {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    themeColor: isFailure(event) ? 'FF0000' : '0076D7',
    summary: title,
    sections: [{ activityTitle: event.message, activitySubtitle: title, facts: metadataFields(event, (name, value) => ({ name, value })) }],
  };
}

function adaptiveCard(event: NotificationEvent): unknown {
  const facts = metadataFields(event, (title, value) => ({ title, value }));
  const summary = facts.filter(({ title }) => title === 'summary');
  const others = facts.filter(({ title }) => title !== 'summary');
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            {
              type: 'Container',
              items: [
                { type: 'TextBlock', text: objectTitle(event), size: 'large', weight: 'bolder', wrap: true },
                {
                  type: 'TextBlock',
                  ...(event.message === '' ? {} : { text: event.message }),
                  ...(isFailure(event) ? { color: 'attention' } : {}),
                  wrap: true,
                },
                { type: 'FactSet', ...(facts.length === 0 ? {} : { facts: [...summary, ...others] }) },
              ],
            },
          ],
          msteams: { width: 'Full' },
        },
      },
    ],
  };
}
