import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import type { KubeObject } from '@sluice/core';
import { createCluster, type Cluster } from '@sluice/kube';
import { FlagValues } from '../command-line/index.js';
import { field } from '../kinds/index.js';
import { installCommand } from '../tree/flux-install.js';
import { applyObjects } from './apply-objects.js';
import { componentNames } from './components.js';
import { installObjects, installText } from './manifests.js';
import { installOptionsOf, type InstallOptions } from './options.js';

function options(...args: readonly (readonly [flag: string, value: string])[]): InstallOptions {
  const specs = [...(installCommand.flags ?? []), { name: 'namespace', type: 'string', usage: '', default: 'flux-system' } as const];
  const flags = new FlagValues(specs);
  for (const [name, value] of args) {
    const spec = specs.find((each) => each.name === name);
    assert.ok(spec !== undefined, name);
    flags.set(spec, value);
  }
  return installOptionsOf(flags);
}

const all: readonly [string, string] = ['components', componentNames.join(',')];

describe('the manifests of an installation', () => {
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  before(async () => {
    embedded = await startCluster({ ephemeral: true });
    cluster = createCluster(embedded.fetch);
  });
  after(() => embedded.stop());

  const shapes: readonly [name: string, args: readonly (readonly [string, string])[]][] = [
    ['classic names', []],
    ['everything there is', [all, ['image-pull-secret', 'pull'], ['toleration-keys', 'a/b,c'], ['multi-tenancy-lockdown', 'true']]],
    ['one Deployment', [all, ['single', 'true'], ['namespace', 'gitops'], ['multi-tenancy-lockdown', 'true']]],
    [
      'source-controller alone',
      [
        ['components', 'source-controller'],
        ['network-policy', 'false'],
        ['namespace', 'lonely'],
      ],
    ],
  ];
  for (const [name, args] of shapes) {
    test(`${name}: every object passes the strict validation of the server`, async () => {
      const objects = installObjects(options(...args));
      await applyObjects(cluster, objects, AbortSignal.timeout(20_000));
      for (const object of objects)
        await cluster.apply(object, { fieldManager: 'strict', force: true, fieldValidation: 'Strict', dryRun: true });
    });
  }

  test('each controller runs restricted, on a read-only root, with probes, and can be scraped', () => {
    for (const deployment of deployments(options(all))) {
      const pod = field(deployment, 'spec', 'template', 'spec');
      const [container] = field(pod, 'containers') as unknown[];
      assert.deepEqual(field(container, 'securityContext'), {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      assert.ok(field(container, 'livenessProbe') !== undefined && field(container, 'readinessProbe') !== undefined);
      const ports = (field(container, 'ports') as unknown[]).map((port) => field(port, 'name'));
      assert.ok(ports.includes('http-prom') && ports.includes('healthz'));
      assert.equal(new Set(ports).size, ports.length);
    }
  });

  test('flags reach the controllers', () => {
    const argsOf = (name: string, ...args: readonly (readonly [string, string])[]): readonly string[] => {
      const deployment = deployments(options(...args)).find(({ metadata }) => metadata.name === name);
      return field((field(deployment, 'spec', 'template', 'spec', 'containers') as unknown[])[0], 'args') as string[];
    };
    assert.deepEqual(
      argsOf('source-controller', ['watch-all-namespaces', 'false'], ['log-level', 'debug'], ['cluster-domain', 'example.internal']),
      [
        '--events-addr=http://notification-controller.flux-system.svc.example.internal./',
        '--watch-all-namespaces=false',
        '--log-level=debug',
        '--log-encoding=json',
        '--enable-leader-election',
        '--storage-path=/data',
        '--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.example.internal.',
      ],
    );
    assert.equal(argsOf('source-controller', ['components', 'source-controller'])[0], '--events-addr=');
    assert.deepEqual(argsOf('kustomize-controller', ['multi-tenancy-lockdown', 'true']).slice(-3), [
      '--no-cross-namespace-refs=true',
      '--no-remote-bases=true',
      '--default-service-account=default',
    ]);
  });

  test('without notification-controller nothing is left open for webhooks', () => {
    const objects = installObjects(options(['components', 'source-controller,kustomize-controller']));
    assert.deepEqual(
      objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata }) => metadata.name),
      ['allow-egress', 'allow-scraping'],
    );
    assert.ok(!objects.some(({ metadata }) => metadata.name === 'alerts.notification.toolkit.fluxcd.io'));
  });

  test('as text: what other tools look for at its head', () => {
    assert.match(
      installText(options()),
      /^---\n# This manifest was generated by flux\. DO NOT EDIT\.\n# Flux Version: v\d+\.\d+\.\d+\n# Components: source-controller,kustomize-controller,helm-controller,notification-controller\napiVersion: v1\nkind: Namespace\n/,
    );
  });
});

function deployments(chosen: InstallOptions): readonly KubeObject[] {
  return installObjects(chosen).filter(({ kind }) => kind === 'Deployment');
}
