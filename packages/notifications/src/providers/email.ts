import { SluiceError } from '@sluice/core';
import { metadataLines, nameAndDescription } from '../describe.js';
import { isFailure } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { ProviderSettings } from '../settings.js';

/**
 * Mail, which Flux does not have. The address is the server, `smtp://host:587?from=flux@example.com` or `smtps://…`; the
 * channel names who gets it, separated by commas; user name and password are in the Secret.
 */
export function email({ address, channel, username, password }: ProviderSettings): Notifier {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new SluiceError('ProviderInvalid', 'the address of an email provider is like smtp://mail.example.com:587?from=flux@example.com');
  }
  const from = url.searchParams.get('from') ?? (username.includes('@') ? username : '');
  const to = channel.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  for (const mailbox of [from, ...to]) {
    if (!/^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/u.test(mailbox)) {
      throw new SluiceError(
        'ProviderInvalid',
        `${JSON.stringify(mailbox)} is not a mail address: set ?from= in the address, and the channel`,
      );
    }
  }
  if (to.length === 0) throw new SluiceError('ProviderInvalid', 'empty email channel: name who gets the mail');
  const server = `${url.protocol}//${url.host}`;
  return (event, outlet) => {
    const { name, description } = nameAndDescription(event);
    const { kind, namespace, name: objectName } = event.involvedObject;
    return outlet.mail({
      server,
      username,
      password,
      from,
      to,
      // A header is one line, whatever an event says.
      subject: `[${isFailure(event) ? 'FAILED' : 'ok'}] ${name} in ${namespace}: ${description}`.replaceAll(/\s+/gu, ' '),
      text:
        `${event.message}\n\nObject: ${kind}/${namespace}/${objectName}\nReason: ${event.reason}\nTime: ${event.timestamp}\n` +
        `Controller: ${event.reportingController}\n${metadataLines(event, (key, value) => `${key}: ${value}\n`)}`,
    });
  };
}
