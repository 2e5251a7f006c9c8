import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { recordedCases } from '../testing/conformance.js';
import { handleWebhook, type WebhookDoors } from './handle.js';
import { checkSignature } from './signature.js';
import type { TokenVerifier } from './tokens.js';
import { webhookPath, type ReceiverSpec } from './webhook.js';

interface Case {
  readonly name: string;
  readonly receiverSpec: ReceiverSpec & { readonly secretRef?: { readonly name: string } };
  readonly receiverName: string;
  readonly receiverNamespace: string;
  readonly receiverNotReady?: boolean;
  readonly secretData: Readonly<Record<string, string>> | null;
  readonly clusterObjects: readonly KubeObject[];
  readonly noCrossNamespaceRefs?: boolean;
  readonly gcrTokenValid?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly pathOverride?: string;
  readonly webhookPath: string;
  readonly expectedStatus: number;
  readonly expectedAnnotated: readonly string[] | null;
  readonly loggedError?: string;
}

/** Go's words for JSON that does not parse, the CEL parser's for an expression; and the length, which is read elsewhere. */
const otherWords = /invalid character|unexpected E|unexpected end|Syntax error|resources found with matching labels|"[^"]*" not found/u;

const cases = recordedCases<Case>('receivers.json');
if (cases === undefined) void test('recorded webhooks', { skip: 'the conformance data is not there' }, () => {});
for (const recorded of cases ?? []) {
  // The limit of a body is the server's: it does not read further.
  if (recorded.expectedStatus === 413) continue;
  void test(recorded.name, async () => {
    const triggered: string[] = [];
    const path = recorded.pathOverride?.replace(/^\+/u, recorded.webhookPath) ?? recorded.webhookPath;
    const headers = Object.fromEntries(Object.entries(recorded.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const outcome = await handleWebhook(path, { headers, body: Buffer.from(recorded.body) }, doorsOf(recorded, triggered));
    assert.equal(outcome.status, recorded.expectedStatus, outcome.errors.join('; '));
    assert.deepEqual(triggered.toSorted(), [...(recorded.expectedAnnotated ?? [])].toSorted());
    const { loggedError } = recorded;
    if (loggedError === undefined) return;
    assert.equal(outcome.errors.length, 1);
    // Ours may go on and say more.
    if (!otherWords.test(loggedError)) assert.equal(outcome.errors[0]?.slice(0, loggedError.length), loggedError);
  });
}

const idOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace}/${metadata.name}`;

function doorsOf(recorded: Case, triggered: string[]): WebhookDoors {
  const isValid = recorded.gcrTokenValid === 'yes';
  const verifier: TokenVerifier = {
    oidc: () => Promise.reject(new Error('no issuer was recorded')),
    google: () =>
      isValid
        ? Promise.resolve({ iss: 'accounts.google.com', email: recorded.secretData?.['email'], email_verified: true })
        : Promise.reject(new Error('invalid token')),
  };
  return {
    verifier,
    noCrossNamespace: recorded.noCrossNamespaceRefs === true,
    receiverAt: (path) =>
      path === recorded.webhookPath
        ? {
            name: recorded.receiverName,
            namespace: recorded.receiverNamespace,
            spec: recorded.receiverSpec,
            isReady: recorded.receiverNotReady !== true,
          }
        : undefined,
    secret: () => (recorded.secretData === null ? Promise.reject(new Error('it is not there')) : Promise.resolve(recorded.secretData)),
    get(target, name) {
      const found = recorded.clusterObjects.find((object) => idOf(object) === `${target.kind}/${target.namespace}/${name}`);
      return found === undefined ? Promise.reject(new Error(`${target.kind} "${name}" not found`)) : Promise.resolve(found);
    },
    list: (target) =>
      Promise.resolve(
        recorded.clusterObjects.filter(
          ({ kind, metadata }) =>
            kind === target.kind &&
            metadata.namespace === target.namespace &&
            Object.entries(target.matchLabels).every(([key, value]) => metadata.labels?.[key] === value),
        ),
      ),
    trigger(object) {
      triggered.push(idOf(object));
      return Promise.resolve();
    },
  };
}

const paths = recordedCases<{ name: string; token: string; receiverName: string; receiverNamespace: string; expected: string }>(
  'webhook-paths.json',
);
if (paths === undefined) void test('recorded paths of webhooks', { skip: 'the conformance data is not there' }, () => {});
for (const { name, token, receiverName, receiverNamespace, expected } of paths ?? []) {
  void test(`webhook ${name}`, () => {
    assert.equal(webhookPath(token, receiverName, receiverNamespace), expected);
  });
}

const signatures = recordedCases<{ name: string; key: string; rawBody: string; expected: string }>('hmac.json');
if (signatures === undefined) void test('recorded signatures', { skip: 'the conformance data is not there' }, () => {});
for (const { name, key, rawBody, expected } of signatures ?? []) {
  void test(name, () => {
    checkSignature(expected, Buffer.from(rawBody), key);
    const [algorithm = ''] = expected.split('=');
    const forged = createHmac(algorithm, `${key}x`).update(rawBody).digest('hex');
    assert.throws(() => checkSignature(`${algorithm}=${forged}`, Buffer.from(rawBody), key), /signature check failed/u);
  });
}
