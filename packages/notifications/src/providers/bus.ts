import { createHmac } from 'node:crypto';
import { goJson, SluiceError } from '@sluice/core';
import { eventFields } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { NatsMessage } from '../outlet.js';
import { postJson, postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

/** The channel is the subject. */
export function nats({ address, channel, username, password, secret }: ProviderSettings): Notifier {
  if (address === '') throw new SluiceError('ProviderInvalid', 'NATS server (address) cannot be empty');
  if (channel === '') throw new SluiceError('ProviderInvalid', 'NATS subject (channel) cannot be empty');
  const own = (key: string): string => (Object.hasOwn(secret, key) ? (secret[key] ?? '') : '');
  const login: NatsMessage['login'] =
    own('creds') !== ''
      ? { kind: 'creds', text: own('creds') }
      : own('nkey') !== ''
        ? { kind: 'nkey', seed: own('nkey').trim() }
        : username !== '' && password !== ''
          ? { kind: 'user', username, password }
          : { kind: 'none' };
  return (event, outlet) => outlet.publish({ server: address, subject: channel, body: goJson(eventFields(event)), login });
}

/** The address is the project, the channel the topic, headers are attributes, the token is the key of a service account. */
export function googlePubSub({ address, channel, token, headers }: ProviderSettings): Notifier {
  if (address === '') throw new SluiceError('ProviderInvalid', 'GCP project ID cannot be empty');
  if (channel === '') throw new SluiceError('ProviderInvalid', 'GCP Pub/Sub topic ID cannot be empty');
  const topic = `projects/${encodeURIComponent(address)}/topics/${encodeURIComponent(channel)}`;
  return async (event, outlet) => {
    const data = Buffer.from(goJson(eventFields(event))).toString('base64');
    await postJson(outlet, {
      url: `https://pubsub.googleapis.com/v1/${topic}:publish`,
      headers: { Authorization: `Bearer ${await outlet.googleToken(token)}` },
      body: { messages: [{ data, ...(Object.keys(headers).length === 0 ? {} : { attributes: headers }) }] },
    });
  };
}

const SAS_SECONDS = 600;

/**
 * A hub by its connection string with a key, or by its name, with a token or the workload's identity; the channel is the
 * namespace then. Sent by the REST interface, which takes what the AMQP one takes.
 */
export function azureEventHub({ address, channel, token, serviceAccountName }: ProviderSettings): Notifier {
  if (address === '') throw new SluiceError('ProviderInvalid', 'endpoint URL cannot be empty');
  const isSas = address.includes('SharedAccessKey');
  if (isSas && serviceAccountName !== '') throw conflict('serviceAccountName and SAS authentication');
  if (isSas && token !== '') throw conflict('jwt token and SAS authentication');
  if (!isSas && serviceAccountName !== '' && token !== '') throw conflict('serviceAccountName and jwt token authentication');
  const sas = isSas ? parseConnectionString(address) : undefined;
  const host = sas?.host ?? (channel.includes('.servicebus.') ? channel : `${channel}.servicebus.windows.net`);
  const url = `https://${host}/${encodeURIComponent(sas?.hub ?? address)}/messages`;
  return async (event, outlet) => {
    const authorization =
      sas !== undefined
        ? sharedAccessSignature(url, sas, Math.floor(outlet.now().getTime() / 1000) + SAS_SECONDS)
        : `Bearer ${token === '' ? await outlet.azureToken('https://eventhubs.azure.net/.default') : token}`;
    await postText(outlet, {
      method: 'POST',
      url,
      headers: { Authorization: authorization, 'Content-Type': 'application/json' },
      body: goJson(eventFields(event)),
    });
  };
}

const conflict = (what: string): SluiceError =>
  new SluiceError('ProviderInvalid', `invalid authentication options: ${what} cannot be set at the same time`);

interface Sas {
  readonly host: string;
  readonly hub: string;
  readonly keyName: string;
  readonly key: string;
}

/** `Endpoint=sb://NAMESPACE/;SharedAccessKeyName=NAME;SharedAccessKey=KEY;EntityPath=HUB` */
function parseConnectionString(text: string): Sas {
  const parts = new Map(
    text.split(';').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
    }),
  );
  const endpoint = parts.get('endpoint') ?? '';
  const sas = {
    host: URL.canParse(endpoint) ? new URL(endpoint).host : '',
    hub: parts.get('entitypath') ?? '',
    keyName: parts.get('sharedaccesskeyname') ?? '',
    key: parts.get('sharedaccesskey') ?? '',
  };
  if (Object.values(sas).includes('')) {
    throw new SluiceError('ProviderInvalid', 'the connection string needs Endpoint, SharedAccessKeyName, SharedAccessKey and EntityPath');
  }
  return sas;
}

function sharedAccessSignature(url: string, { keyName, key }: Sas, expires: number): string {
  const resource = encodeURIComponent(url);
  const signature = createHmac('sha256', key).update(`${resource}\n${expires}`).digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expires}&skn=${encodeURIComponent(keyName)}`;
}
