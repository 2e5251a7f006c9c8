import { createHmac } from 'node:crypto';
import { goJson, SluiceError } from '@sluice/core';
import { requireUrl } from '../address.js';
import { eventFields } from '../event.js';
import type { Notifier } from '../notifier.js';
import { postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

/** The event itself, for a webhook of the user's own. */
export const generic = (settings: ProviderSettings): Notifier => forwarder(settings, '');

/** As {@link generic}, signed with the token over the exact bytes of the body. */
export function genericHmac(settings: ProviderSettings): Notifier {
  if (settings.token === '') throw new SluiceError('ProviderInvalid', 'HMAC key is empty');
  return forwarder(settings, settings.token);
}

function forwarder({ address, headers }: ProviderSettings, key: string): Notifier {
  requireUrl(address, 'hook URL');
  return (event, outlet) => {
    const body = goJson(eventFields(event));
    return postText(outlet, {
      method: 'POST',
      url: address,
      headers: {
        'Content-Type': 'application/json',
        'gotk-component': event.reportingController,
        ...headers,
        ...(key === '' ? {} : { 'X-Signature': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` }),
      },
      body,
    });
  };
}
