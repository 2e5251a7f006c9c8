import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CloudAccess } from '@sluice/sources';
import type { AwsKmsKey } from '@sluice/sops';
import { serviceKeys, type ServiceIdentity } from './service-keys.js';

const KEY: AwsKmsKey = {
  type: 'kms',
  arn: 'arn:aws:kms:eu-west-1:1:key/a',
  role: '',
  context: new Map(),
  profile: '',
  createdAt: '',
  enc: 'AA==',
};
const ACCOUNT = { namespace: 'apps', name: 'reader', annotations: {}, token: () => Promise.resolve('') };

/** Says who asks, and goes no further. */
const telling = (access: CloudAccess) => () => Promise.reject(new Error(`asked as ${access.account?.name ?? 'the engine'}`));
const identity = (fields: Pick<ServiceIdentity, 'access' | 'serviceAccount'>): ServiceIdentity => ({
  ...fields,
  awsKeys: (_, access) => telling(access),
  azure: (_, access) => telling(access),
  google: (_, access) => telling(access),
});

for (const { who, of, expected } of [
  { who: 'the engine', of: identity({ access: {} }), expected: /^asked as the engine$/ },
  { who: 'a ServiceAccount', of: identity({ access: { account: ACCOUNT }, serviceAccount: 'reader' }), expected: /^asked as reader$/ },
  {
    who: 'a ServiceAccount that may have no identity of its own',
    of: identity({ serviceAccount: 'reader' }),
    expected: /ServiceAccount reader can't be used for it: enable the feature gate ObjectLevelWorkloadIdentity, or put credentials/,
  },
]) {
  test(`a service is asked as ${who}`, async () => {
    const keys = serviceKeys(new Map(), '', of).find(({ kind }) => kind === 'kms');
    await assert.rejects(async () => keys?.open(KEY), { message: expected });
  });
}

test('credentials in a Secret come first', () => {
  const data = new Map([['sops.aws-kms', 'aws_access_key_id: a\naws_secret_access_key: b\n']]);
  const keys = serviceKeys(data, 'Secret ns/keys', identity({ access: {} })).find(({ kind }) => kind === 'kms');
  assert.equal(keys?.origin, 'entry sops.aws-kms of Secret ns/keys');
});
