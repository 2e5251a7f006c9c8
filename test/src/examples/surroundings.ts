import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startGitHost, type BootstrapWorld, type GitHost } from '@sluice/cli/testing';
import type { KubeObject } from '@sluice/core';
import { git } from '../quickstart.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** What `npm run example` makes of a setup: see scripts/example. */
interface Setup {
  readonly repositories: readonly { readonly name: string; readonly from?: string; readonly branches?: readonly string[] }[];
  readonly needs: readonly string[];
  replace(context: Context): [string, string][];
  prepare?(draft: string, context: Context): void;
  manifests(context: Context): KubeObject[];
}
interface Services {
  stop(): Promise<void>;
}
interface Context {
  readonly directory: string;
  readonly services: Services;
  repositoryUrl(name: string): string;
}
interface Scripts {
  readonly setups: Readonly<Record<string, Setup>>;
  startServices(options: { setup: { needs: readonly string[] }; directory: string; say: (line: string) => void }): Promise<Services>;
  makeRepository(options: {
    from: string;
    to: string;
    replace: [string, string][];
    prepare: (draft: string) => void;
    branches: readonly string[];
  }): void;
}

/** A setup as it lies at a Git server, and the services that it expects. */
export interface Surroundings {
  readonly host: GitHost;
  readonly context: Context;
  /** What was told to Slack and by mail. */
  readonly inbox: string[];
  /** A private key that the server lets in, as a file. */
  newKey(name: string, access: 'read' | 'write'): string;
  close(): Promise<void>;
}

/** The example's repositories at a server, under the names that `placeOf` gives them. */
export async function startSurroundings(
  example: string,
  api: Parameters<typeof startGitHost>[0],
  placeOf: (repository: string) => string,
  urlOf: (host: GitHost, repository: string) => string,
): Promise<Surroundings> {
  const load = (file: string): Promise<Partial<Scripts>> =>
    import(pathToFileURL(join(ROOT, 'scripts/example', file)).href) as Promise<Partial<Scripts>>;
  const scripts = Object.assign({}, ...(await Promise.all(['setups.mjs', 'services.mjs', 'repository.mjs'].map(load)))) as Scripts;
  const setup = scripts.setups[example]!;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bootstrapped-'));
  const inbox: string[] = [];
  const host = await startGitHost(api);
  const needs = setup.needs.filter((need) => need !== 'ssh');
  const services = await scripts.startServices({ setup: { needs }, directory, say: (line) => inbox.push(line) });
  const context: Context = { directory, services, repositoryUrl: (name) => urlOf(host, name) };
  for (const { name, from = '.', branches = [] } of setup.repositories) {
    const draft = join(directory, 'drafts', name);
    scripts.makeRepository({
      from: join(ROOT, 'examples', example, from),
      to: draft,
      replace: setup.replace(context),
      prepare: (path) => setup.prepare?.(path, context),
      branches,
    });
    host.create(placeOf(name));
    git(draft, 'push', '--quiet', join(host.directory, 'repositories', `${placeOf(name)}.git`), 'main', ...branches);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = `${host.sshPath}:${path ?? ''}`;
  return {
    host,
    context,
    inbox,
    newKey(name, access) {
      const file = join(directory, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'flux', '-f', file]);
      host.allowKey(readFileSync(`${file}.pub`, 'utf8'), access);
      return file;
    },
    async close() {
      process.env['PATH'] = path;
      await services.stop();
      await host.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The Secrets of a setup that are in no repository, but for the key of the repository itself, which bootstrap makes. */
export async function createSecrets(world: BootstrapWorld, example: string, { context }: Surroundings): Promise<void> {
  const { setups } = (await import(pathToFileURL(join(ROOT, 'scripts/example/setups.mjs')).href)) as Scripts;
  await world.cluster.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } },
    { fieldManager: 'user', force: true },
  );
  for (const secret of setups[example]!.manifests(context).filter(({ metadata }) => metadata.name !== 'flux-system'))
    await world.cluster.apply(secret, { fieldManager: 'user', force: true });
}
