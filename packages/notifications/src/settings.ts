import { errorMessage, isJsonObject, SluiceError } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';

/** What a Provider and its Secret say, put together. Texts that are not given are empty. */
export interface ProviderSettings {
  readonly type: string;
  readonly address: string;
  readonly channel: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The name of the commit status to write, for providers that write one. */
  readonly commitStatus: string;
  readonly providerUid: string;
  readonly serviceAccountName: string;
  readonly secret: Readonly<Record<string, string>>;
}

/** The part of a Provider's spec that says where to. */
export interface ProviderSpec {
  readonly type: string;
  readonly address?: string | undefined;
  readonly channel?: string | undefined;
  readonly username?: string | undefined;
  readonly serviceAccountName?: string | undefined;
  readonly commitStatusExpr?: string | undefined;
  readonly suspend?: boolean | undefined;
}

const MAX_ADDRESS = 2_048;

/**
 * @param secret the decoded data of the Secret; a user name counts only with its password
 * @throws {SluiceError} `ProviderInvalid`
 */
export function providerSettings(
  spec: ProviderSpec,
  options: { readonly secret?: Readonly<Record<string, string>> | undefined; readonly providerUid: string; readonly commitStatus?: string },
): ProviderSettings {
  const secret = options.secret ?? {};
  const value = (key: string): string => (Object.hasOwn(secret, key) ? (secret[key] ?? '').trim() : '');
  const address = Object.hasOwn(secret, 'address') ? value('address') : (spec.address ?? '');
  if (address.length > MAX_ADDRESS) {
    throw new SluiceError('ProviderInvalid', `invalid address in secret: address exceeds maximum length of ${MAX_ADDRESS} bytes`);
  }
  const hasLogin = value('username') !== '' && value('password') !== '';
  return {
    type: spec.type,
    address,
    channel: spec.channel ?? '',
    username: hasLogin ? value('username') : (spec.username ?? ''),
    password: hasLogin ? value('password') : '',
    token: value('token'),
    headers: headersOf(secret),
    commitStatus: options.commitStatus ?? '',
    providerUid: options.providerUid,
    serviceAccountName: spec.serviceAccountName ?? '',
    secret,
  };
}

function headersOf(secret: Readonly<Record<string, string>>): Record<string, string> {
  if (!Object.hasOwn(secret, 'headers')) return {};
  let headers: unknown;
  try {
    headers = parseYaml(secret['headers'] ?? '', { confidential: true });
  } catch (error) {
    throw new SluiceError('ProviderInvalid', `failed to read headers from secret: ${errorMessage(error)}`);
  }
  if (headers === null) return {};
  if (!isJsonObject(headers) || !Object.values(headers).every(isScalar)) {
    throw new SluiceError('ProviderInvalid', 'failed to read headers from secret: it must be a mapping of names to strings');
  }
  return Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, String(header)]));
}

/** `X-Retries: 3` is a number in YAML, and a text here. */
const isScalar = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);
