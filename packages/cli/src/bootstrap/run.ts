import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { openWorkTree, type CommitSigner, type GitCredentials, type GitWorkTree } from '@sluice/sources';
import { applyObjects, deploymentNames, installText, reportDeployments, type InstallOptions } from '../install/index.js';
import { applySecret, registrySecret, type PlainSecret } from '../secrets/index.js';
import type { Terminal } from '../terminal.js';
import { FLUX_VERSION } from '../versions.js';
import { COMPONENTS_FILE, missingKustomization, objectsOf, SYNC_FILE } from './manifest-files.js';
import { isRunning, pauseSync, secretValues, syncedPath, waitForSync } from './objects.js';
import type { BootstrapOptions } from './options.js';
import { relativePath } from './relative-path.js';
import { syncText } from './sync-manifests.js';

/** How the repository is written to, and how the cluster reads it. */
export interface BootstrapAccess {
  /** To clone from and push to. */
  readonly url: string;
  readonly credentials: GitCredentials;
  /** As it stands in the GitRepository. */
  readonly syncUrl: string;
  readonly provider?: string;
  /**
   * Makes the Secret that the GitRepository reads, and lets it in at the server. `existing` is what the Secret in the cluster has, if there is one;
   * undefined when that will do.
   */
  readonly secret: (existing: ReadonlyMap<string, string> | undefined) => Promise<PlainSecret | undefined>;
  /** After the Secret is in the cluster, before it is used. */
  readonly afterSecret?: (secret: PlainSecret) => Promise<void>;
}

export interface BootstrapSurroundings {
  readonly cluster: Cluster;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** The command's --timeout. */
  readonly timeoutMs: number;
  /** An empty directory of this run's own, readable for this user only. */
  readonly directory: string;
  readonly sign: CommitSigner | undefined;
  readonly registryLogin: { readonly username: string; readonly password: string } | undefined;
}

/** Others may push at the same time; so often their commits are taken in and ours are made anew. */
const PUSH_ATTEMPTS = 4;

/**
 * Brings a cluster under the control of a repository: the manifests of the controllers and of the sync go into the repository, and from
 * there into the cluster. Each step looks whether it is done already, so that what was interrupted is finished by the next run.
 */
export async function bootstrap(options: BootstrapOptions, access: BootstrapAccess, surroundings: BootstrapSurroundings): Promise<void> {
  const { cluster, terminal, signal } = surroundings;
  const { install } = options;
  const { namespace } = install;
  await checkPath(options, surroundings);
  const run = new Bootstrap(options, access, surroundings);

  await run.openRepository();
  await run.commitComponents();
  const isSelfManaged = await isRunning(cluster, namespace, signal);
  if (isSelfManaged) terminal.success('the components keep themselves up to date from the repository');
  else await run.installComponents();
  terminal.success('reconciled components');

  const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace, name: namespace } as const;
  const sync = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace, name: namespace } as const;
  const resume = await pauseSync(cluster, namespace, signal);
  let revision: string;
  try {
    await run.reconcileSecret();
    await run.commitSync(isSelfManaged);
    revision = `${options.branch}@sha1:${run.head}`;
    await waitForSync(cluster, source, revision, terminal, signal);
  } finally {
    await resume();
  }
  await waitForSync(cluster, sync, revision, terminal, signal);
  terminal.action('confirming components are healthy');
  if (!(await reportDeployments(cluster, namespace, deploymentNames(install), terminal, signal)))
    throw new Error(`bootstrap failed: not all components are healthy; \`kubectl -n ${namespace} describe pods\` says why`);
  terminal.success('all components are healthy');
}

/** A cluster is synced with one directory; another one would delete what came from the first. */
async function checkPath({ path, install }: BootstrapOptions, { cluster, signal }: BootstrapSurroundings): Promise<void> {
  const existing = await syncedPath(cluster, install.namespace, signal);
  if (existing === undefined || relativePath(existing) === path) return;
  throw new Error(
    `sync path configuration (${JSON.stringify(path)}) would overwrite path (${JSON.stringify(existing)}) of existing Kustomization: bootstrap with --path=${existing}, or uninstall first`,
  );
}

class Bootstrap {
  readonly #options: BootstrapOptions;
  readonly #access: BootstrapAccess;
  readonly #surroundings: BootstrapSurroundings;
  #tree: GitWorkTree | undefined;
  #clones = 0;
  readonly #applied = new Set<string>();

  constructor(options: BootstrapOptions, access: BootstrapAccess, surroundings: BootstrapSurroundings) {
    this.#options = options;
    this.#access = access;
    this.#surroundings = surroundings;
  }

  /** The commit that is on the server now. */
  get head(): string {
    return this.#tree?.head ?? '';
  }

  async openRepository(): Promise<void> {
    const { branch } = this.#options;
    const { url, credentials } = this.#access;
    const { terminal, directory, signal, timeoutMs } = this.#surroundings;
    terminal.action(`cloning branch ${JSON.stringify(branch)} from Git repository ${JSON.stringify(withoutPassword(url))}`);
    this.#tree = await openWorkTree({
      url,
      branch,
      credentials,
      directory: join(directory, `clone-${++this.#clones}`),
      scratchDir: join(directory, 'git'),
      timeoutMs,
      signal,
    });
    terminal.success('cloned repository');
  }

  commitComponents(): Promise<void> {
    const { terminal } = this.#surroundings;
    terminal.action('generating component manifests');
    const content = installText(this.#options.install);
    terminal.success('generated component manifests');
    return this.#commit('component manifests', `Add Flux v${FLUX_VERSION} component manifests`, () => [
      [this.#path(COMPONENTS_FILE), content],
    ]);
  }

  /** Applies the controllers, with what people have patched. */
  async installComponents(): Promise<void> {
    const { install } = this.#options;
    const { cluster, terminal, signal, registryLogin } = this.#surroundings;
    terminal.action(`installing components in ${JSON.stringify(install.namespace)} namespace`);
    // The sync comes when its Secret is there.
    const objects = (await this.#objects()).filter(({ kind }) => kind !== 'GitRepository' && kind !== 'Kustomization');
    await applyObjects(cluster, objects, signal);
    for (const object of objects) this.#applied.add(JSON.stringify(object));
    terminal.success('installed components');
    if (registryLogin === undefined) return;
    const { namespace, imagePullSecret: name, registry } = install;
    await applySecret(cluster, registrySecret({ name, namespace, registry, ...registryLogin }), signal);
    terminal.success(`reconciled image pull secret ${name}`);
  }

  async reconcileSecret(): Promise<void> {
    const { install, secretName } = this.#options;
    const { cluster, terminal, signal } = this.#surroundings;
    terminal.action(`determining if source secret ${JSON.stringify(`${install.namespace}/${secretName}`)} exists`);
    const existing = await secretValues(cluster, install.namespace, secretName, signal);
    const secret = await this.#access.secret(existing);
    if (secret === undefined) {
      terminal.success('source secret up to date');
      return;
    }
    terminal.action(`applying source secret ${JSON.stringify(`${install.namespace}/${secretName}`)}`);
    await applySecret(cluster, secret, signal, existing);
    terminal.success('reconciled source secret');
    await this.#access.afterSecret?.(secret);
  }

  async commitSync(isSelfManaged: boolean): Promise<void> {
    const { cluster, terminal, signal } = this.#surroundings;
    const { namespace } = this.#options.install;
    terminal.action('generating sync manifests');
    const content = syncText(syncOptionsOf(this.#options, this.#access));
    terminal.success('generated sync manifests');
    await this.#commit('sync manifests', 'Add Flux sync manifests', (root) => {
      const kustomization = missingKustomization(root, this.#path(''));
      return [
        [this.#path(SYNC_FILE), content],
        ...(kustomization === undefined ? [] : [[kustomization.path, kustomization.content] as const]),
      ];
    });
    terminal.action('applying sync manifests');
    const objects = await this.#objects();
    for (const kind of ['GitRepository', 'Kustomization']) {
      if (objects.some((object) => object.kind === kind && isSync(object, namespace))) continue;
      throw new Error(
        `${this.#path('kustomization.yaml')} gives no ${kind} ${namespace}: list ${SYNC_FILE} in its resources, commit that, and try again`,
      );
    }
    // What the cluster applies by itself, or was applied a moment ago, is left alone.
    const isDone = (object: KubeObject): boolean =>
      isSelfManaged ? !isSync(object, namespace) : this.#applied.has(JSON.stringify(object));
    await applyObjects(
      cluster,
      objects.filter((object) => !isDone(object)),
      signal,
    );
    terminal.success('reconciled sync configuration');
  }

  /** Commits files, and pushes them. When others have pushed before, theirs come first and ours on top of them. */
  async #commit(
    what: string,
    title: string,
    filesOf: (root: string) => readonly (readonly [path: string, content: string])[],
  ): Promise<void> {
    const { branch, author, messageAppendix } = this.#options;
    const { terminal, sign } = this.#surroundings;
    const message = messageAppendix === '' ? title : `${title}\n\n${messageAppendix}`;
    for (let attempt = 1; ; attempt++) {
      const tree = this.#opened();
      const files = new Map(filesOf(tree.directory));
      const commit = await tree.commit({ message, author, files, ...(sign === undefined ? {} : { sign }) });
      if (commit === undefined) {
        terminal.success(`${what} are up to date`);
        return;
      }
      terminal.success(`committed ${what} to ${JSON.stringify(branch)} (${JSON.stringify(commit)})`);
      terminal.action(`pushing ${what} to ${JSON.stringify(withoutPassword(this.#access.url))}`);
      try {
        await tree.push();
        return;
      } catch (error) {
        if (!(error instanceof SluiceError && error.reason === 'GitPushOutdated') || attempt === PUSH_ATTEMPTS) throw error;
        terminal.waiting('git conflict detected, retrying with a fresh clone');
        await this.openRepository();
      }
    }
  }

  /** What the directory describes now. As long as it has no kustomization, it is the components. */
  async #objects(): Promise<readonly KubeObject[]> {
    const { directory } = this.#opened();
    const place = this.#path('');
    if (missingKustomization(directory, place) !== undefined) return objectsOf(directory, place, [COMPONENTS_FILE]);
    // People's own may list the sync before it is committed.
    const sync = join(directory, this.#path(SYNC_FILE));
    if (!existsSync(sync)) await writeFile(sync, syncText(syncOptionsOf(this.#options, this.#access)));
    return objectsOf(directory, place);
  }

  #opened(): GitWorkTree {
    if (this.#tree === undefined) throw new Error('the repository is not open');
    return this.#tree;
  }

  /** A file of the directory that is ours, or that directory. */
  #path(file: string): string {
    const { path, install } = this.#options;
    return join(path.replace(/^\.\//, ''), install.namespace, file).replace(/\/$/, '');
  }
}

function syncOptionsOf(options: BootstrapOptions, { syncUrl, provider }: BootstrapAccess): Parameters<typeof syncText>[0] {
  const { namespace, lockdown } = options.install;
  return {
    name: namespace,
    namespace,
    url: syncUrl,
    branch: options.branch,
    secretName: options.secretName,
    intervalMs: options.intervalMs,
    path: options.path,
    recurseSubmodules: options.recurseSubmodules,
    sparseCheckout: options.sparseCheckout.map((directory) => relativePath(directory).replace(/^\.\//, '')),
    ...(provider === undefined ? {} : { provider }),
    // What installs the controllers must be able to do what they can.
    ...(lockdown ? { serviceAccountName: reconcilerAccount(options.install) } : {}),
  };
}

/** Whether an object is one of the two that everything else hangs on. */
function isSync({ kind, metadata }: KubeObject, name: string): boolean {
  return (kind === 'GitRepository' || kind === 'Kustomization') && metadata.name === name && metadata.namespace === name;
}

function reconcilerAccount({ single }: InstallOptions): string {
  return single ? 'sluice' : 'kustomize-controller';
}

function withoutPassword(url: string): string {
  return url.replace(/(\/\/[^/@:]*):[^/@]*@/, '$1@');
}
