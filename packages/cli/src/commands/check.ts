import { errorMessage, isJsonObject, type Json } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { clusterInfo, deploymentStates, PART_OF, reportState } from '../install/index.js';
import { field } from '../kinds/index.js';
import { noArguments } from '../no-arguments.js';
import type { Terminal } from '../terminal.js';

/** The oldest Kubernetes that is supported. */
const OLDEST = { minor: 33, constraint: '>=1.33.0-0' } as const;

/** `check [--pre]`: whether the cluster will do, and whether what is installed in it is well. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  noArguments(invocation, 'check');
  terminal.action('checking prerequisites');
  const { cluster, close } = await connect(invocation);
  try {
    const signal = deadlineOf(invocation);
    let isWell = await checkKubernetes(cluster, terminal, signal);
    if (flags.bool('pre')) {
      if (!isWell) throw new Error('prerequisites checks failed');
      terminal.success('prerequisites checks passed');
      return;
    }
    terminal.action('checking version in cluster');
    isWell = (await attempted(terminal, () => checkVersion(cluster, terminal, signal))) && isWell;
    terminal.action('checking controllers');
    isWell = (await attempted(terminal, () => checkControllers(cluster, selectedNamespace(flags), terminal, signal))) && isWell;
    terminal.action('checking crds');
    // The waiting for the controllers may have taken all the time there was.
    isWell = (await attempted(terminal, () => checkDefinitions(cluster, terminal, deadlineOf(invocation)))) && isWell;
    if (!isWell) throw new Error('check failed');
    terminal.success('all checks passed');
  } finally {
    await close();
  }
}

/** Goes on with the next check when one can't be made. */
async function attempted(terminal: Terminal, check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch (error) {
    terminal.failure(`checking failed: ${errorMessage(error)}`);
    return false;
  }
}

async function checkKubernetes(cluster: Cluster, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const { status, body } = await cluster.raw('GET', '/version', { signal });
  const version = status === 200 ? field(JSON.parse(body) as Json, 'gitVersion') : undefined;
  if (typeof version !== 'string') {
    terminal.failure(`Kubernetes API call failed: /version answered ${status}`);
    return false;
  }
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    terminal.failure("Kubernetes version can't be determined");
    return false;
  }
  if (Number(major) < 1 || (Number(major) === 1 && Number(minor) < OLDEST.minor)) {
    terminal.failure(`Kubernetes version ${version} does not match ${OLDEST.constraint}`);
    return false;
  }
  terminal.success(`Kubernetes ${version.replace(/^v/, '')} ${OLDEST.constraint}`);
  return true;
}

async function checkVersion(cluster: Cluster, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const info = await clusterInfo(cluster, signal);
  if (info === undefined) {
    terminal.failure(
      'checking failed: customresourcedefinitions.apiextensions.k8s.io "gitrepositories.source.toolkit.fluxcd.io" not found',
    );
    return false;
  }
  if (info.distribution !== '') terminal.success(`distribution: ${info.distribution}`);
  terminal.success(`bootstrapped: ${info.bootstrapped}`);
  return true;
}

async function checkControllers(cluster: Cluster, namespace: string, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const { items } = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }, { labelSelector: PART_OF, signal });
  if (items.length === 0) {
    terminal.failure(`no controllers found in the '${namespace}' namespace with the label selector '${PART_OF}'`);
    return false;
  }
  const names = items.map(({ metadata }) => metadata.name ?? '');
  const states = await deploymentStates(cluster, namespace, names, signal);
  let isWell = true;
  for (const deployment of items) {
    const { name = '' } = deployment.metadata;
    isWell = reportState(name, states.get(name) ?? '', terminal) && isWell;
    const containers = field(deployment, 'spec', 'template', 'spec', 'containers');
    for (const container of Array.isArray(containers) ? containers : []) terminal.action(String(field(container, 'image')));
  }
  return isWell;
}

async function checkDefinitions(cluster: Cluster, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const kind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
  const { items } = await cluster.list(kind, { labelSelector: PART_OF, signal });
  if (items.length === 0) {
    terminal.failure(`no crds found with the label selector '${PART_OF}'`);
    return false;
  }
  let isWell = true;
  for (const { metadata, ...definition } of items) {
    const status = (definition as { status?: unknown }).status;
    const versions = isJsonObject(status) ? status['storedVersions'] : undefined;
    const latest: unknown = Array.isArray(versions) ? versions.at(-1) : undefined;
    if (typeof latest === 'string') terminal.success(`${metadata.name ?? ''}/${latest}`);
    else {
      isWell = false;
      terminal.failure(`no stored versions for ${metadata.name ?? ''}`);
    }
  }
  return isWell;
}
