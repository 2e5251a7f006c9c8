import type { RequestListener } from 'node:http';
import type { World } from '@sluice/controllers/testing';

/** What Pods have logged, by their label `app`. */
export const BROKEN_LOGS: ReadonlyMap<string, string> = new Map([
  ['crash', 'starting\nFATAL: no database at db:5432\n'],
  ['migrate', 'cannot migrate\n'],
  ['migrate-db', 'relation users does not exist\n'],
  [
    'source-controller',
    '{"level":"error","ts":"2026-01-02T03:04:05Z","msg":"Reconciler error","controllerKind":"GitRepository","name":"wrong","namespace":"broken","error":"no credentials helped"}\n',
  ],
]);

/** A policy that lets nothing through. */
export const refuse: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { request: asked } = JSON.parse(body) as { request: { uid: string } };
    const answer = { uid: asked.uid, allowed: false, status: { code: 403, message: 'every ConfigMap needs a team' } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
  });
};

/** Breaks something of every sort, in the namespaces `broken` and `team`, and one of two controllers. */
export async function breakThings({ cluster, git, web, embedded }: World, url: string, authority: Buffer): Promise<void> {
  for (const name of ['broken', 'team', 'flux-system']) await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const make = (apiVersion: string, kind: string, name: string, spec: object, namespace = 'broken') =>
    cluster.create({ apiVersion, kind, metadata: { name, namespace }, spec });
  const secret = (name: string, stringData: Readonly<Record<string, string>>) =>
    cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'broken' }, stringData });

  // Whoever may look at one namespace alone.
  await cluster.create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'viewer' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
  });
  await cluster.create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'viewer', namespace: 'team' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'viewer' }],
  });

  const controller = (name: string, simulate: string) =>
    cluster.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'flux-system', labels: PART_OF, annotations: { 'sluice.dev/simulate': simulate } },
      spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name, ...PART_OF } }, spec: { containers: [{ name: 'manager', image: 'x:1' }] } },
      },
    });
  await controller('source-controller', '');
  await controller('kustomize-controller', 'CrashLoopBackOff');

  git.commit('fleet', {
    files: {
      'fine/cm.yaml': configMap('fine', 'none'),
      'crash/deployment.yaml': workload('Deployment', 'crash', 'CrashLoopBackOff'),
      'envless/deployment.yaml': workload('Deployment', 'envless', '', ', envFrom: [{secretRef: {name: nosecret}}]'),
      'job/job.yaml': workload('Job', 'migrate', 'CrashLoopBackOff'),
      'refused/cm.yaml': `# Of a team\n${configMap('refused', 'policy')}`,
      'unanswered/cm.yaml': configMap('unanswered', 'gone'),
    },
  });
  const repository = (name: string, spec: object) =>
    make(SOURCE, 'GitRepository', name, { interval: '10m', url: git.urlOf('fleet'), ref: { branch: 'main' }, ...spec });
  const kustomization = (name: string, spec: object, namespace?: string) =>
    make(
      'kustomize.toolkit.fluxcd.io/v1',
      'Kustomization',
      name,
      {
        interval: '10m',
        prune: true,
        targetNamespace: 'broken',
        path: './fine',
        sourceRef: { kind: 'GitRepository', name: 'fleet' },
        ...spec,
      },
      namespace,
    );
  await repository('fleet', {});
  await secret('wrong', { username: 'user', password: 'wrong' });
  await repository('wrong', { url: git.urlOf('auth/fleet'), secretRef: { name: 'wrong' } });
  await repository('anonymous', { url: git.urlOf('auth/fleet') });
  await repository('paused', { suspend: true });
  await kustomization('of-wrong', of('wrong'));
  await kustomization('of-wrong', of('wrong'), 'team');
  await kustomization('of-fleet', { ...of('fleet'), targetNamespace: 'team' }, 'team');
  await kustomization('of-paused', of('paused'));
  for (const name of ['crash', 'envless', 'job']) await kustomization(name, { path: `./${name}`, wait: true });
  await kustomization('checked', { healthChecks: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'elsewhere', namespace: 'broken' }] });
  await kustomization('after-crash', { dependsOn: [{ name: 'crash' }] });
  await kustomization('dependent', { dependsOn: [{ name: 'nobody' }] });
  await kustomization('base', { suspend: true });
  await kustomization('middle', { dependsOn: [{ name: 'base' }] });
  await kustomization('top', { dependsOn: [{ name: 'middle' }] });
  for (const name of ['refused', 'unanswered']) await kustomization(name, { path: `./${name}` });
  await cluster.create(webhookConfiguration('policy', url, authority));
  await cluster.create(webhookConfiguration('gone', 'https://127.0.0.1:9/', authority));

  await secret('expired', { value: expiredKubeconfig(embedded) });
  await kustomization('expired', { kubeConfig: { secretRef: { name: 'expired' } } });

  web.charts.add('hooked', '1.0.0', {
    'values.yaml': '{}\n',
    'templates/hook.yaml': workload('Job', 'migrate-db', 'CrashLoopBackOff').replace(
      'annotations: {',
      'annotations: {helm.sh/hook: pre-install, ',
    ),
  });
  web.charts.add('unrendered', '1.0.0', { 'values.yaml': '{}\n', 'templates/cm.yaml': configMap('{{ .Values.team.name }}', 'none') });
  await make(SOURCE, 'HelmRepository', 'charts', { interval: '10m', url: `http://${web.host}/charts` });
  const release = (name: string, chart: string, spec: object) =>
    make('helm.toolkit.fluxcd.io/v2', 'HelmRelease', name, {
      interval: '10m',
      chart: { spec: { chart, sourceRef: { kind: 'HelmRepository', name: 'charts' } } },
      ...spec,
    });
  await release('hooked', 'hooked', {});
  await release('unrendered', 'unrendered', {});
  await release('after-hooked', 'hooked', { dependsOn: [{ name: 'hooked' }] });
}

const of = (name: string) => ({ sourceRef: { kind: 'GitRepository', name, namespace: 'broken' } });

const SOURCE = 'source.toolkit.fluxcd.io/v1';
const PART_OF = { 'app.kubernetes.io/part-of': 'flux' };

function configMap(name: string, watched: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {watched: ${watched}}\n  name: ${name}\n`;
}

function workload(kind: 'Deployment' | 'Job', name: string, simulate: string, more = ''): string {
  const [apiVersion, spec, restarts] =
    kind === 'Job' ? ['batch/v1', 'backoffLimit: 0', 'Never'] : ['apps/v1', `selector: {matchLabels: {app: ${name}}}`, 'Always'];
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${name}
  annotations: {sluice.dev/simulate: "${simulate}"}
spec:
  ${spec}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {restartPolicy: ${restarts}, containers: [{name: main, image: "x:1"${more}}]}
`;
}

function webhookConfiguration(name: string, url: string, authority: Buffer) {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url, caBundle: authority.toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        objectSelector: { matchLabels: { watched: name } },
        timeoutSeconds: 2,
      },
    ],
  };
}

/** The way to the embedded cluster for somebody whose certificate was good until the 1st of June 2025. */
function expiredKubeconfig({ url, kubeconfig }: World['embedded']): string {
  const authority = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  return `apiVersion: v1
kind: Config
clusters: [{name: there, cluster: {server: "${url}", certificate-authority-data: ${authority}}}]
users: [{name: robot, user: {client-certificate-data: ${encoded(EXPIRED)}, client-key-data: ${encoded(KEY)}}}]
contexts: [{name: there, context: {cluster: there, user: robot}}]
current-context: there
`;
}

function encoded(pem: string): string {
  return Buffer.from(pem).toString('base64');
}

const EXPIRED = `-----BEGIN CERTIFICATE-----
MIIBBTCBqwIBATAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJjYTAeFw0yNTAxMDEw
MDAwMDBaFw0yNTA2MDEwMDAwMDBaMBAxDjAMBgNVBAMMBXJvYm90MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE1lVSBJUkQ63XzmvNQGY9exBou3AimnyYY9CY1ea2
cdrVGC2yrHyn+PLtSnKKdlKS2hbPb+nrZ/5GYI/e7ilJwTAKBggqhkjOPQQDAgNJ
ADBGAiEAqhpVTeYt3EPVYV31vE7WsDhY9TxcJbViZCc7TTg0wPYCIQDRL0qA1myN
pi3tU7NV+1jhLU3n+qCazZlF9gAEoZqHzA==
-----END CERTIFICATE-----
`;

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQnKY4q8aQGY5DBu7
KcueFMVuRXmrBNMRGLdmEGhqFFehRANCAATWVVIElSRDrdfOa81AZj17EGi7cCKa
fJhj0JjV5rZx2tUYLbKsfKf48u1Kcop2UpLaFs9v6etn/kZgj97uKUnB
-----END PRIVATE KEY-----
`;
