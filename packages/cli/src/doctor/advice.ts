import type { KubeObject } from '@sluice/core';
import { field, textField } from '../kinds/index.js';
import { kindWords } from '../tree/kind-commands.js';
import { tellingConditions } from './findings.js';

/** What helps, by what the message says. The first that fits, and has something to say, is said. */
const BY_MESSAGE: readonly [message: RegExp, advice: (object: KubeObject, match: RegExpExecArray) => string | undefined][] = [
  [
    /\b(secret|configmap)s? ["'](?:[^"'/]*\/)?([^"'/]+)["'] not found/i,
    (object, [, kind = '', name = '']) =>
      `make ${kind.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap'} ${object.metadata.namespace ?? ''}/${name}, or correct its name in the spec`,
  ],
  [
    /\bnamespaces? "([^"]+)" not found/,
    (_, [, name = '']) => `make Namespace ${name}: among the same manifests, or in what this depends on`,
  ],
  [/exceeded quota: ([^,]+)/, (_, [, name = '']) => `the ResourceQuota ${name} is used up: raise it, or ask for less`],
  [
    /admission webhook "([^"]+)" denied|ValidatingAdmissionPolicy '([^']+)'.* denied/,
    (_, [, webhook, policy]) =>
      `${webhook === undefined ? `the policy ${policy ?? ''}` : `the webhook ${webhook}`} refuses it: change the manifest as it says, or ask whose rule it is`,
  ],
  [
    /failed calling webhook "([^"]+)"/,
    (_, [, name = '']) =>
      `nobody answers for the webhook ${name}: look at the Service that its configuration names, and the Pods behind it`,
  ],
  [
    /Unauthorized|system:anonymous/,
    (object) =>
      field(object, 'spec', 'kubeConfig') === undefined
        ? undefined
        : `the other cluster does not know who asks: renew ${kubeconfigOf(object)}`,
  ],
  [
    /User "([^"]+)" cannot/,
    (object, [, user = '']) =>
      `give the rights that are missing to ${user}${field(object, 'spec', 'kubeConfig') === undefined ? '' : ', in the cluster of spec.kubeConfig'}`,
  ],
  [
    /retries exhausted|terminal error|RetriesExceeded/i,
    (object) => `after the cause is gone: flux reconcile hr ${object.metadata.name ?? ''} -n ${object.metadata.namespace ?? ''} --reset`,
  ],
  [/ImagePullBackOff|ErrImagePull/, () => 'check the name of the image, and that the Pods may pull it: imagePullSecrets'],
  [/Unschedulable|FailedScheduling/, () => 'no node takes the Pod: give the cluster what is short, or ask for less in its resources'],
  [/CrashLoopBackOff/, () => 'the container ends by itself: its last lines say why, kubectl logs --previous has the rest'],
  [/health check[^]*Resource not found/i, () => 'what is checked is not there: correct spec.healthChecks, or have it made'],
  [
    /health check|timeout waiting|failed early due to stalled/i,
    () => 'look at the objects that are named: kubectl describe, and the logs of their Pods',
  ],
  [/Could not read from remote repository/, (object) => `check that the server can be reached, and lets the key in: ${secretOf(object)}`],
  [/certificate(?: has| is)? expired|CERT_HAS_EXPIRED/i, () => 'a certificate is over: renew it at the server that is named'],
  [
    /authenticat|authoriz|unauthorized|403|401|permission denied|handshake failed|could not read Username/i,
    (object) => `check the credentials: ${secretOf(object)}`,
  ],
  [/known_hosts|host key|knownhosts/i, (object) => `the server shows another key than is known: renew known_hosts of ${secretOf(object)}`],
  [
    /no such host|Could not resolve host|lookup .* on|ENOTFOUND|connection refused|ECONNREFUSED|i\/o timeout|timed? ?out/i,
    () => 'check that the address can be reached from the cluster: DNS, proxy, network policies',
  ],
  [/x509|certificate/i, (object) => `the server's certificate is not trusted: put its authority as ca.crt into ${secretOf(object)}`],
  [
    /couldn't find remote ref|reference not found|unable to resolve commit|no match found for semver|branch .*not found|not found in.*repository|(?:MANIFEST|NAME)_UNKNOWN/i,
    () => 'check spec.ref: the branch, tag or version is not in the repository',
  ],
  [
    /no chart name found|no '.*' chart with version|no chart version found/,
    () => 'check the chart and its version: the repository has no such',
  ],
  [/signature/i, () => 'check who has signed it: spec.verify says whose signatures count'],
  [/path not found/i, () => 'check spec.path: it is not in the repository at this revision'],
  [
    /sops|decrypt/i,
    (object) =>
      `check the keys: spec.decryption.secretRef names ${textField(object, 'spec', 'decryption', 'secretRef', 'name') || 'no Secret'}`,
  ],
  [/forbidden/i, (object) => `give the rights that are missing to ${accountOf(object)}`],
  [/conflict|immutable|may not change/i, () => 'the field can not be changed in place: spec.force, or delete the object once'],
  [
    /no matches for kind|kind .* unknown|could not find the requested resource/i,
    () => 'a definition is missing: apply the CustomResourceDefinition first, with dependsOn',
  ],
  [/not ready/i, () => 'look at what it waits for: kubectl describe'],
  [/variable not set|substitut/i, () => 'give the variable a value in spec.postBuild, or a default: ${NAME:=value}'],
  [
    /field not declared in schema|unknown field|Invalid value|Required value/,
    () => 'correct the field: kubectl explain says which there are, and what they take',
  ],
  [
    /kustomize build failed|yaml|unmarshal|mapping values/i,
    ({ kind, metadata }) =>
      kind === 'Kustomization' ? `try it here: flux build kustomization ${metadata.name ?? ''} --path …` : undefined,
  ],
  [
    /templates\/|don't meet the specifications of the schema/,
    ({ kind, metadata }) =>
      kind === 'HelmRelease'
        ? `look at the values in the end: flux debug helmrelease ${metadata.name ?? ''} -n ${metadata.namespace ?? ''} --show-values`
        : undefined,
  ],
];

/** What to do about an object that is not ready, of which `more` may be known; undefined where nobody knows. */
export function adviceFor(object: KubeObject, more = ''): string | undefined {
  const { name = '', namespace = '' } = object.metadata;
  if (field(object, 'spec', 'suspend') === true)
    return `flux resume ${kindWords.find(({ title }) => title === object.kind)?.words ?? object.kind} ${name} -n ${namespace}`;
  const message = tellingConditions(object)
    .map((condition) => `${textField(condition, 'reason')} ${condition.message}`)
    .concat(more)
    .join('\n');
  for (const [pattern, advice] of BY_MESSAGE) {
    const match = pattern.exec(message);
    const said = match === null ? undefined : advice(object, match);
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The Secret of a source's credentials; of a chart it is that of the source. */
function secretOf(object: KubeObject): string {
  const { kind, metadata } = object;
  if (field(object, 'spec', 'kubeConfig') !== undefined) return kubeconfigOf(object);
  const name = textField(object, 'spec', 'secretRef', 'name');
  if (name !== '') return `Secret ${metadata.namespace ?? ''}/${name}`;
  if (kind === 'HelmChart' || kind === 'HelmRelease') return 'those of its source';
  return 'spec.secretRef names no Secret';
}

function kubeconfigOf(object: KubeObject): string {
  const name = textField(object, 'spec', 'kubeConfig', 'secretRef', 'name');
  return name === '' ? 'what spec.kubeConfig.configMapRef names' : `the kubeconfig in Secret ${object.metadata.namespace ?? ''}/${name}`;
}

function accountOf(object: KubeObject): string {
  const account = textField(object, 'spec', 'serviceAccountName');
  return account === '' ? 'the controller' : `ServiceAccount ${object.metadata.namespace ?? ''}/${account}`;
}
