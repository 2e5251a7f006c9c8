import { SluiceError } from '@sluice/core';
import type { AwsKmsKey } from '@sluice/sops';
import { signedHeaders, type S3Credentials } from '../bucket/signature.js';
import { assumedRole } from '../cloud/aws.js';
import { serviceUrl, type CloudAccess, type Renewed } from '../cloud/exchange.js';
import { askService, base64, textIn, type KeyService } from './key-service.js';

export interface AwsKmsOptions {
  /** Keys for a region. */
  readonly credentials: (region: string) => Renewed<S3Credentials>;
  readonly origin: string;
  readonly access?: CloudAccess;
  /** In the place of `https://kms.REGION.amazonaws.com` and `https://sts.REGION.amazonaws.com`. */
  readonly endpoint?: string;
}

const ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]+):\d+:(?:key|alias)\/.+$/;

/** Keys of AWS KMS. */
export function awsKmsKeys({ credentials, origin, access = {}, endpoint }: AwsKmsOptions): KeyService {
  const ask = async (key: AwsKmsKey, action: 'Decrypt' | 'Encrypt', fields: object): Promise<Readonly<Record<string, unknown>>> => {
    const { region, domain } = placeOf(key);
    const url = serviceUrl(endpoint ?? `https://kms.${region}.${domain}/`, 'the endpoint of KMS');
    const own = await credentials(region)();
    const keys = key.role === '' ? own : await assumedRole(key.role, region, own, access, endpoint ?? `https://sts.${region}.${domain}/`);
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` };
    const context = key.context.size === 0 ? {} : { EncryptionContext: Object.fromEntries(key.context) };
    const request = { method: 'POST', url, headers, body: JSON.stringify({ KeyId: key.arn, ...context, ...fields }) };
    const { now = Date.now } = access;
    const signed = signedHeaders(request, keys, region, new Date(now()), 'kms');
    return askService(`KMS can't ${action.toLowerCase()} the data key`, { url, headers: signed, body: request.body }, access);
  };
  return {
    origin,
    kind: 'kms',
    async open(key) {
      if (key.type !== 'kms') return undefined;
      return Buffer.from(textIn(await ask(key, 'Decrypt', { CiphertextBlob: key.enc }), 'Plaintext', 'KMS'), 'base64');
    },
    async seal(key, secret) {
      if (key.type !== 'kms') return undefined;
      return textIn(await ask(key, 'Encrypt', { Plaintext: base64(secret) }), 'CiphertextBlob', 'KMS');
    },
  };
}

function placeOf({ arn }: AwsKmsKey): { region: string; domain: string } {
  const [, partition, region] = ARN.exec(arn) ?? [];
  if (region === undefined) throw new SluiceError('SopsMetadataInvalid', `${JSON.stringify(arn.slice(0, 200))} is no ARN of a key`);
  return { region, domain: partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com' };
}
