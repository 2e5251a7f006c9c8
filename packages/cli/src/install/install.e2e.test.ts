import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { customResources } from '@sluice/api';
import { sampleOf } from '@sluice/controllers/testing';
import { objectId, type JsonObject, type KubeObject } from '@sluice/core';
import { parseYamlDocuments } from '@sluice/yaml';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.js';
import { componentNames } from './components.js';

const withoutKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl is not on the PATH';

/** Every flag that changes the manifests. */
const FLAGS: readonly string[] = [
  '',
  `--components=${componentNames.join(',')}`,
  '--components=source-controller',
  '--components=source-controller,kustomize-controller',
  '--components=notification-controller',
  '--components-extra=image-reflector-controller,image-automation-controller',
  '--single',
  '--single --components=source-controller,kustomize-controller',
  '--single --components-extra=image-reflector-controller,image-automation-controller --multi-tenancy-lockdown',
  '--toleration-keys=node.kubernetes.io/dedicated,other',
  '--single --toleration-keys=one',
  '--image-pull-secret=pull --registry=registry.example.com:5000/platform',
  '--network-policy=false',
  '--watch-all-namespaces=false',
  '--multi-tenancy-lockdown',
  '--log-level=debug --cluster-domain=example.internal',
];

/** What is installed for good, each in a namespace of its own. */
const INSTALLED: readonly {
  readonly namespace: string;
  readonly flags: string;
  readonly deployments: readonly string[];
  readonly uninstall: string;
}[] = [
  {
    namespace: 'flux-system',
    flags:
      '--components-extra=image-reflector-controller,image-automation-controller --image-pull-secret=pull --registry=registry.example.com --registry-creds=someone:secret --toleration-keys=a',
    deployments: componentNames,
    uninstall: '--silent',
  },
  {
    namespace: 'gitops',
    flags: '--single --multi-tenancy-lockdown --network-policy=false --monitoring',
    deployments: ['sluice'],
    uninstall: '--silent --keep-namespace',
  },
];

describe('what install makes', () => {
  let world: TestCluster;
  before(async () => {
    world = await startTestCluster(
      (pod, container) => `{"level":"info","ts":"2026-01-01T00:00:00Z","msg":"${pod.metadata.name} ${container}"}\n`,
    );
  });
  after(() => world.close());

  async function flux(line: string): Promise<string> {
    const { code, transcript, stdout } = await world.flux(line);
    assert.equal(code, 0, transcript);
    return stdout;
  }
  async function kubectl(line: string): Promise<string> {
    const { code, stdout, stderr } = await world.run('kubectl', line);
    assert.equal(code, 0, `kubectl ${line}: ${stderr}`);
    return stdout;
  }
  test('monitoring without those who would look at it: nothing is installed', async () => {
    const { code, stderr } = await world.flux('install -n unwatched --monitoring');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /✗ PodMonitor\/unwatched\/flux-system can't be applied: the cluster knows no PodMonitor of monitoring\.coreos\.com/,
    );
    assert.equal(await world.cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'unwatched' }), undefined);
  });

  for (const { namespace, flags, deployments, uninstall } of INSTALLED) {
    const account = (name: string): string => `system:serviceaccount:${namespace}:${name}`;
    describe(`install ${flags}`, { skip: withoutKubectl }, () => {
      let earlier: ReadonlySet<string>;
      before(async () => {
        earlier = new Set(await everything(world));
        if (flags.includes('--monitoring'))
          for (const kind of ['PodMonitor', 'PrometheusRule']) await world.cluster.create(definitionOf(kind));
        const { code, transcript } = await world.flux(`install -n ${namespace} ${flags} --timeout=60s`);
        assert.equal(code, 0, transcript);
        for (const name of deployments) assert.match(transcript, new RegExp(`✔ ${name}: deployment ready`));
      });

      after(async () => {
        if (flags.includes('--monitoring'))
          for (const kind of ['PodMonitor', 'PrometheusRule']) {
            const { apiVersion, kind: definition, metadata } = definitionOf(kind);
            await world.cluster.delete({ apiVersion, kind: definition, name: metadata.name ?? '' });
          }
      });

      test('a second time nothing is left to do', async () => {
        const { code, stdout } = await world.flux(`install -n ${namespace} ${flags} --timeout=60s`);
        assert.equal(code, 0);
        assert.deepEqual(
          stdout.split('\n').filter((line) => line !== '' && !line.endsWith(' unchanged')),
          [],
        );
      });

      test('kubectl reads it', async () => {
        const found = (
          await kubectl(`-n ${namespace} get deployments,pods,services,serviceaccounts,networkpolicies,resourcequotas -o name`)
        ).split('\n');
        const reads = deployments.map(async (name) => {
          assert.ok(found.includes(`deployment.apps/${name}`) && found.includes(`serviceaccount/${name}`), found.join(' '));
          assert.equal(found.filter((line) => line.startsWith(`pod/${name}-`)).length, 1);
          assert.match(await kubectl(`-n ${namespace} rollout status deployment/${name} --timeout=20s`), /successfully rolled out/);
          assert.match(await kubectl(`-n ${namespace} describe deployment ${name}`), /Image: +[\w./-]+\/sluice:v/);
          assert.match(await kubectl(`-n ${namespace} logs deploy/${name}`), /manager/);
        });
        await Promise.all(reads);
        assert.equal(found.includes('networkpolicy.networking.k8s.io/allow-egress'), !flags.includes('--network-policy=false'));
        assert.ok(found.includes(`resourcequota/critical-pods-${namespace}`));
        for (const service of ['source-controller', 'notification-controller', 'webhook-receiver'])
          assert.ok(found.includes(`service/${service}`), service);
      });

      test('the definitions are established, explained and found by their short names', async () => {
        const definitions = await kubectl('get crds -l app.kubernetes.io/part-of=flux -o name');
        const known = customResources.filter(({ group }) => definitions.includes(`.${group}\n`));
        assert.ok(known.length >= 11);
        assert.equal(definitions.trim().split('\n').length, known.length);
        await kubectl('wait crd -l app.kubernetes.io/part-of=flux --for=condition=Established --timeout=20s');
        assert.match(await kubectl('explain gitrepository.spec.ref.semver'), /FIELD: semver <string>/);
        await kubectl('get gitrepo,ocirepo,helmrepo,hc,ks,hr -A');
      });

      test('each version of each kind takes an object with all of its fields', async () => {
        const { items } = await world.cluster.list(
          { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
          { as: 'metadata' },
        );
        const installed = new Set(items.map(({ metadata }) => metadata.name?.replace(/^\w+\./, '')));
        for (const { group, kind, versions } of customResources) {
          for (const { name: version, spec } of versions) {
            if (!installed.has(group)) continue;
            await world.cluster.create(
              {
                apiVersion: `${group}/${version}`,
                kind,
                metadata: { name: 'sample', namespace },
                spec: sampleOf(spec.json, LEFT_OUT) as JsonObject,
              },
              { dryRun: true, fieldValidation: 'Strict' },
            );
          }
        }
      });

      test('who may do what', async () => {
        await kubectl(`create rolebinding editor --clusterrole=edit --user=editor -n default`);
        await kubectl(`create rolebinding viewer --clusterrole=view --user=viewer -n default`);
        const [source, kustomize] = flags.includes('--single') ? ['sluice', 'sluice'] : ['source-controller', 'kustomize-controller'];
        const isSingle = source === kustomize;
        const cases: readonly [may: boolean, who: string, what: string][] = [
          [true, account(kustomize), 'create deployments.apps -n default'],
          [true, account(kustomize), 'impersonate serviceaccounts -n default'],
          [isSingle, account(source), 'create deployments.apps -n default'],
          [true, account(source), 'get secrets -n default'],
          [true, account(source), 'patch gitrepositories.source.toolkit.fluxcd.io --subresource=status -n default'],
          [true, account(source), 'update leases.coordination.k8s.io -n default'],
          [true, account(source), 'create events -n default'],
          [true, account(source), 'create serviceaccounts --subresource=token -n default'],
          [true, 'editor', 'create kustomizations.kustomize.toolkit.fluxcd.io -n default'],
          [true, 'editor', 'delete helmreleases.helm.toolkit.fluxcd.io -n default'],
          [false, 'editor', 'create kustomizations.kustomize.toolkit.fluxcd.io -n kube-system'],
          [true, 'viewer', 'list gitrepositories.source.toolkit.fluxcd.io -n default'],
          [false, 'viewer', 'patch gitrepositories.source.toolkit.fluxcd.io -n default'],
          [false, 'somebody', 'list gitrepositories.source.toolkit.fluxcd.io -n default'],
        ];
        try {
          // Roles that aggregate others take them up a moment later.
          const asked = cases.map(([may, who, what]) =>
            eventually(`${who} ${may ? 'may' : 'may not'} ${what}`, async () => {
              const { stdout } = await world.run('kubectl', `auth can-i ${what} --as=${who}`);
              return stdout.trim() === (may ? 'yes' : 'no');
            }),
          );
          await Promise.all(asked);
        } finally {
          await kubectl('delete rolebinding editor viewer -n default');
        }
      });

      test('check says that it is well', async () => {
        const { code, transcript } = await world.flux(`check -n ${namespace} --timeout=20s`);
        assert.equal(code, 0, transcript);
        assert.match(transcript, /✔ all checks passed\n$/);
      });

      test(`uninstall ${uninstall} leaves nothing behind`, async () => {
        // Objects with finalizers whose controllers are gone, and one somewhere else.
        for (const where of [namespace, 'default']) {
          const metadata = { name: 'held', namespace: where, finalizers: ['finalizers.fluxcd.io'] };
          const spec = { url: 'https://example.com', interval: '1m' };
          await world.cluster.create({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata, spec });
        }
        await flux(`uninstall -n ${namespace} ${uninstall}`);
        let left: readonly string[] = [];
        await eventually(
          'everything is gone',
          async () => {
            left = (await everything(world)).filter(
              (line) =>
                !earlier.has(line) &&
                (line.includes('flux') || line.includes(namespace) || line.includes('held')) &&
                !(uninstall.includes('--keep-namespace') && OF_ANY_NAMESPACE.test(line)),
            );
            return left.length === 0;
          },
          () => left.join('\n'),
        );
        await world.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      });
    });
  }

  describe('every flag', () => {
    before(async () => {
      // What the server is asked about has to have a namespace, and the definitions are the same for all flags.
      await world.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } }, { fieldManager: 'test' });
    });
    after(async () => {
      await world.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' });
    });
    for (const [index, flags] of FLAGS.entries()) {
      test(`install ${flags} --export is valid to the last field`, async () => {
        const text = await flux(`install ${flags} --export`);
        const objects = parseYamlDocuments(text).map(({ value }) => value as unknown as KubeObject);
        for (const object of objects) {
          // The definitions are the same for all flags.
          if (index > 1 && object.kind === 'CustomResourceDefinition') continue;
          await world.cluster.apply(object, { fieldManager: 'strict', force: true, fieldValidation: 'Strict', dryRun: true });
        }
        assert.equal(new Set(objects.map(objectId)).size, objects.length);
      });
    }
  });
});

/** What every namespace has. */
const OF_ANY_NAMESPACE = /^(Namespace <none> \S+|ServiceAccount \S+ default|ConfigMap \S+ kube-root-ca\.crt) /;

/** A kind of the Prometheus operator, as far as it matters here. */
function definitionOf(kind: string): KubeObject & { readonly spec: object } {
  const [plural, group] = [`${kind.toLowerCase()}s`, 'monitoring.coreos.com'];
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

/** Fields that exclude others. */
const LEFT_OUT: readonly string[] = [
  '.sts',
  '.serviceAccountName',
  '.valuesFile',
  '.patchesJson6902',
  '.patchesStrategicMerge',
  '.chartRef',
  '.configMapRef',
  '.strategy',
  '.commitStatusExpr',
  '.oidcProviders',
];

/** All objects of a cluster that somebody has made, a line each. */
async function everything(world: TestCluster): Promise<readonly string[]> {
  const listed = await world.run('kubectl', 'api-resources --verbs=list -o name');
  const resources = listed.stdout
    .split('\n')
    .filter((name) => name !== '' && !/^(events|leases|componentstatuses|pods\.metrics|nodes\.metrics)/.test(name));
  const columns = 'KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,PART:.metadata.labels.app\\.kubernetes\\.io/part-of';
  const { stdout } = await world.run(
    'kubectl',
    `get ${resources.join(',')} -A --ignore-not-found --no-headers -o custom-columns=${columns}`,
  );
  return stdout.split('\n').map((line) => line.replace(/ +/g, ' ').trim());
}

async function eventually(what: string, probe: () => Promise<boolean>, more: () => string = () => ''): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await probe())) {
    if (Date.now() > deadline) assert.fail(`${what}: not within 40 s\n${more()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
