import type { KubeObject } from '@sluice/core';
import { conditionsOf, field, textField } from '../kinds/index.js';
import { kindWords } from '../tree/kind-commands.js';

/** What helps, by what the message says. The first that fits is said. */
const BY_MESSAGE: readonly [message: RegExp, advice: (object: KubeObject, match: RegExpExecArray) => string][] = [
  [
    /\b(secret|configmap)s? ["'](?:[^"'/]*\/)?([^"'/]+)["'] not found/i,
    (object, [, kind = '', name = '']) =>
      `make ${kind.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap'} ${object.metadata.namespace ?? ''}/${name}, or correct its name in the spec`,
  ],
  [
    /authenticat|authoriz|unauthorized|403|401|permission denied|handshake failed|could not read Username/i,
    (object) => `check the credentials: ${secretOf(object)}`,
  ],
  [/known_hosts|host key|knownhosts/i, (object) => `the server shows another key than is known: renew known_hosts of ${secretOf(object)}`],
  [
    /no such host|lookup .* on|ENOTFOUND|connection refused|ECONNREFUSED|i\/o timeout|timed? ?out/i,
    () => 'check that the address can be reached from the cluster: DNS, proxy, network policies',
  ],
  [/x509|certificate/i, (object) => `the server's certificate is not trusted: put its authority as ca.crt into ${secretOf(object)}`],
  [
    /couldn't find remote ref|reference not found|branch .*not found|not found in.*repository/i,
    () => 'check spec.ref: the branch, tag or version is not in the repository',
  ],
  [/path not found|no such file or directory/i, () => 'check spec.path: it is not in the repository at this revision'],
  [
    /sops|decrypt/i,
    (object) =>
      `check the keys: spec.decryption.secretRef names ${textField(object, 'spec', 'decryption', 'secretRef', 'name') || 'no Secret'}`,
  ],
  [/forbidden/i, (object) => `give the rights that are missing to ${accountOf(object)}`],
  [/conflict|immutable/i, () => 'the field can not be changed in place: spec.force, or delete the object once'],
  [
    /no matches for kind|kind .* unknown|could not find the requested resource/i,
    () => 'a definition is missing: apply the CustomResourceDefinition first, with dependsOn',
  ],
  [
    /retries exhausted|terminal error|RetriesExceeded/i,
    (object) => `after the cause is gone: flux reconcile hr ${object.metadata.name ?? ''} -n ${object.metadata.namespace ?? ''} --reset`,
  ],
  [/health check|timeout waiting|not ready/i, () => 'look at the objects that are named: kubectl describe, and the logs of their Pods'],
  [/variable not set|substitut/i, () => 'give the variable a value in spec.postBuild, or a default: ${NAME:=value}'],
  [
    /kustomize build failed|yaml|unmarshal|mapping values/i,
    (object) => `try it here: flux build kustomization ${object.metadata.name ?? ''} --path …`,
  ],
];

/** What to do about an object that is not ready; undefined where nobody knows. */
export function adviceFor(object: KubeObject): string | undefined {
  const { name = '', namespace = '' } = object.metadata;
  if (field(object, 'spec', 'suspend') === true)
    return `flux resume ${kindWords.find(({ title }) => title === object.kind)?.words ?? object.kind} ${name} -n ${namespace}`;
  const message = conditionsOf(object)
    .filter(({ type, status }) => (type === 'Ready' && status !== 'True') || (type === 'Stalled' && status === 'True'))
    .map((condition) => `${textField(condition, 'reason')} ${condition.message}`)
    .join('\n');
  for (const [pattern, advice] of BY_MESSAGE) {
    const match = pattern.exec(message);
    if (match !== null) return advice(object, match);
  }
  return undefined;
}

function secretOf(object: KubeObject): string {
  const name = textField(object, 'spec', 'secretRef', 'name');
  return name === '' ? 'spec.secretRef names no Secret' : `Secret ${object.metadata.namespace ?? ''}/${name}`;
}

function accountOf(object: KubeObject): string {
  const account = textField(object, 'spec', 'serviceAccountName');
  return account === '' ? 'the controller' : `ServiceAccount ${object.metadata.namespace ?? ''}/${account}`;
}
