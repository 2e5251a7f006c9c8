import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { adviceFor } from './advice.js';

const cases: readonly [kind: string, message: string, advice: RegExp | undefined][] = [
  ['GitRepository', 'failed to get secret \'apps/token\': secrets "token" not found', /^make Secret apps\/token/],
  ['GitRepository', "unable to clone 'https://x': Could not resolve host: x", /^check that the address can be reached/],
  ['GitRepository', "unable to resolve commit object for 'a94a': object not found", /^check spec\.ref/],
  ['GitRepository', 'no match found for semver: >=9', /^check spec\.ref/],
  ['GitRepository', "signature verification of commit 'a94a' failed: unsupported signature type: empty", /^check who has signed it/],
  [
    'GitRepository',
    "unable to clone 'ssh://x': Could not read from remote repository.",
    /lets the key in: spec\.secretRef names no Secret$/,
  ],
  ['GitRepository', 'x509: certificate has expired or is not yet valid', /^a certificate is over/],
  ['GitRepository', 'x509: certificate signed by unknown authority', /put its authority as ca\.crt/],
  ['OCIRepository', 'failed to determine artifact digest: MANIFEST_UNKNOWN: Unknown manifest', /^check spec\.ref/],
  ['HelmChart', "no 'app' chart with version matching '9.x' found", /^check the chart and its version/],
  [
    'HelmRelease',
    "values don't meet the specifications of the schema(s) in the following chart(s)",
    /flux debug helmrelease it -n apps --show-values$/,
  ],
  ['HelmRelease', 'app/templates/x.yaml:3:5: executing "app/templates/x.yaml": nil pointer', /--show-values$/],
  ['Kustomization', 'kustomization path not found: stat nope: no such file or directory', /^check spec\.path/],
  [
    'Kustomization',
    'kustomize build failed: open ./a/missing.yaml: no such file or directory',
    /^try it here: flux build kustomization it /,
  ],
  [
    'Kustomization',
    'Service "x" is invalid: spec.clusterIPs[0]: Invalid value: ["10.0.0.1"]: may not change once set',
    /can not be changed in place/,
  ],
  ['Kustomization', 'Service "x" is invalid: spec.ports[0].port: Invalid value: 99999', /^correct the field/],
  ['Kustomization', 'ConfigMap/nowhere/x not found: namespaces "nowhere" not found [x.yaml:1]', /^make Namespace nowhere/],
  ['Kustomization', 'pods "x" is forbidden: exceeded quota: small, requested: pods=1', /^the ResourceQuota small is used up/],
  [
    'Kustomization',
    'configmaps "x" is forbidden: User "system:serviceaccount:apps:nobody" cannot patch',
    /missing to system:serviceaccount:apps:nobody$/,
  ],
  ['Kustomization', "ValidatingAdmissionPolicy 'teams' with binding 'teams' denied request: no team", /^the policy teams refuses it/],
  ['Kustomization', 'something that nobody has seen before', undefined],
];
for (const [kind, message, advice] of cases) {
  test(`${kind}: ${message}`, () => {
    const conditions = [{ type: 'Ready', status: 'False', reason: 'Failed', message }];
    const object = { apiVersion: 'x/v1', kind, metadata: { name: 'it', namespace: 'apps' }, status: { conditions } } as KubeObject;
    if (advice === undefined) assert.equal(adviceFor(object), undefined);
    else assert.match(adviceFor(object) ?? '', advice);
  });
}
