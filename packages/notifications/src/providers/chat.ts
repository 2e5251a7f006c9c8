import { createHash } from 'node:crypto';
import { goJson, SluiceError } from '@sluice/core';
import { basicAuthorization, requireUrl } from '../address.js';
import { markdownPost, metadataFields, metadataLines, objectTitle } from '../describe.js';
import { eventFields, isFailure, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import { postJson, postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

const sign = (event: NotificationEvent): string => (isFailure(event) ? '🚨' : '💫');

export function lark({ address }: ProviderSettings): Notifier {
  requireUrl(address, 'Lark hook URL');
  return (event, outlet) =>
    postJson(outlet, {
      url: address,
      body: {
        msg_type: 'interactive',
        card: {
          config: { wide_screen_mode: true },
          header: {
            title: { tag: 'plain_text', content: `${sign(event)} ${objectTitle(event)}` },
            template: isFailure(event) ? 'red' : 'turquoise',
          },
          elements: [
            {
              tag: 'div',
              text: {
                tag: 'lark_md',
                content: `**${event.message}**\n\n${metadataLines(event, (key, value) => `${key}: ${value}\n`)}`,
              },
            },
          ],
        },
      },
    });
}

export function webex({ address, channel, token }: ProviderSettings): Notifier {
  requireUrl(address, 'Webex hook URL');
  return (event, outlet) => {
    const lines = metadataLines(event, (key, value) => `>**${key}**: ${value}\n`);
    return postJson(outlet, {
      url: address,
      headers: { Authorization: `Bearer ${token}` },
      body: {
        ...(channel === '' ? {} : { roomId: channel }),
        markdown: `${isFailure(event) ? '💣' : '✅'} **${objectTitle(event)}**\n${event.message}\n${lines}`,
      },
    });
  };
}

const TELEGRAM = 'https://api.telegram.org';

/** Text in the second version of Telegram's Markdown. */
const escapeMarkdown = (text: string): string => text.replaceAll(/[\\.\-_[\]()~>`#+=|{}!*]/gu, String.raw`\$&`);

/** The channel is a chat, or a topic in one: `chat:topic`. */
export function telegram({ channel, token }: ProviderSettings): Notifier {
  if (channel === '') throw new SluiceError('ProviderInvalid', 'empty Telegram channel');
  if (token === '') throw new SluiceError('ProviderInvalid', 'empty Telegram token');
  const colon = channel.indexOf(':');
  const chat = colon < 0 ? { chat_id: channel } : { chat_id: channel.slice(0, colon), message_thread_id: channel.slice(colon + 1) };
  return (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    const heading = escapeMarkdown(`${sign(event)} ${kind.toLowerCase()}/${name}/${namespace}`);
    const lines = metadataLines(event, (key, value) => `\\- *${escapeMarkdown(key)}*: ${escapeMarkdown(value)}\n`);
    return postJson(outlet, {
      url: `${TELEGRAM}/bot${token}/sendMessage`,
      body: { ...chat, text: `*${heading}*\n${escapeMarkdown(event.message)}\n${lines}`, parse_mode: 'MarkdownV2' },
    });
  };
}

/** The id of the transaction is made of the event: sending it twice shows it once. */
export function matrix({ address, channel, token }: ProviderSettings): Notifier {
  requireUrl(address, 'Matrix homeserver URL');
  return (event, outlet) => {
    const transaction = createHash('sha1')
      .update(goJson(eventFields(event)))
      .digest('hex');
    const lines = metadataLines(event, (key, value) => `- ${key}: ${value}\n`);
    return postJson(outlet, {
      method: 'PUT',
      url: `${address}/_matrix/client/r0/rooms/${channel}/send/m.room.message/${transaction}`,
      headers: { Authorization: `Bearer ${token}` },
      body: { body: `${sign(event)} ${objectTitle(event)}\n${event.message}\n${lines}`, msgtype: 'm.text' },
    });
  };
}

export function zoom({ address, token }: ProviderSettings): Notifier {
  const url = requireUrl(address, 'Zoom incoming webhook URL');
  if (token === '') throw new SluiceError('ProviderInvalid', 'empty Zoom verification token');
  if ((url.searchParams.get('format') ?? '') === '') {
    url.searchParams.set('format', 'full');
    url.searchParams.sort();
  }
  return (event, outlet) => {
    const fields = metadataFields(event, (key, value) => ({ key, value }));
    return postJson(outlet, {
      url: url.href,
      headers: { Authorization: token },
      body: {
        content: {
          head: { text: objectTitle(event), sub_head: { text: event.severity } },
          body: [
            { type: 'message', ...(event.message === '' ? {} : { text: event.message }) },
            ...(fields.length === 0 ? [] : [{ type: 'fields', items: fields }]),
          ],
        },
      },
    });
  };
}

/** The channel is `stream/topic`. */
export function zulip({ address, channel, username, password }: ProviderSettings): Notifier {
  const url = requireUrl(address, 'Zulip endpoint URL');
  url.pathname = '/api/v1/messages';
  const slash = channel.indexOf('/');
  if (slash <= 0 || slash === channel.length - 1) {
    throw new SluiceError('ProviderInvalid', `invalid Zulip channel format, expected <channel>/<topic>, got '${channel}'`);
  }
  return (event, outlet) =>
    postText(outlet, {
      method: 'POST',
      url: url.href,
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(username === '' && password === '' ? {} : { Authorization: basicAuthorization(username, password) }),
      },
      body: formText({
        content: markdownPost(event),
        to: channel.slice(0, slash),
        topic: channel.slice(slash + 1),
        type: 'stream',
      }),
    });
}

/** A form as Go encodes it; what is escaped and what is not differs a little from what browsers do. */
function formText(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString().replaceAll('*', '%2A').replaceAll('%7E', '~');
}
