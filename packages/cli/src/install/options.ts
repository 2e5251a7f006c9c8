import type { FlagValues } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import { FLUX_VERSION } from '../versions.js';
import { componentsNamed, type Component } from './components.js';

/** What the manifests of an installation depend on. */
export interface InstallOptions {
  readonly namespace: string;
  readonly components: readonly Component[];
  /** One Deployment with all controllers in the place of one for each. */
  readonly single: boolean;
  /** Where the image is: `registry.example.com/platform`. */
  readonly registry: string;
  readonly imagePullSecret: string;
  readonly watchAllNamespaces: boolean;
  readonly networkPolicy: boolean;
  readonly logLevel: string;
  readonly clusterDomain: string;
  readonly tolerationKeys: readonly string[];
  /** Tenants are kept apart: no references across namespaces, no remote bases, and nobody applies as the controllers. */
  readonly lockdown: boolean;
  /** What watches the controllers is installed with them. */
  readonly monitoring: boolean;
}

/** Where the image is looked for when nobody says: on the nodes themselves, where `npm run image` and a loading tool put it. */
const LOCAL_REGISTRY = 'localhost';

/** What the flags of `install` and `bootstrap` ask for. Throws when they can't be had together. */
export function installOptionsOf(flags: FlagValues): InstallOptions {
  const components = componentsNamed([...flags.list('components'), ...flags.list('components-extra')]);
  if (components.length === 0) throw new Error('--components names no component');
  registryCredentials(flags);
  checkVersion(flags.string('version'));
  if (flags.string('manifests') !== '')
    throw new Error('--manifests is for directories of other manifests; patch these in <path>/flux-system/kustomization.yaml instead');
  return {
    namespace: selectedNamespace(flags),
    components,
    single: flags.bool('single'),
    registry: flags.changed('registry') ? flags.string('registry').replace(/\/+$/, '') : LOCAL_REGISTRY,
    imagePullSecret: flags.string('image-pull-secret'),
    watchAllNamespaces: flags.bool('watch-all-namespaces'),
    networkPolicy: flags.bool('network-policy'),
    logLevel: flags.string('log-level'),
    clusterDomain: flags.string('cluster-domain'),
    tolerationKeys: flags.list('toleration-keys'),
    lockdown: flags.bool('multi-tenancy-lockdown'),
    monitoring: flags.bool('monitoring'),
  };
}

/** User and password of `--registry-creds`. */
export function registryCredentials(flags: FlagValues): { readonly username: string; readonly password: string } | undefined {
  const text = flags.string('registry-creds');
  if (text === '') return undefined;
  if (flags.string('image-pull-secret') === '') throw new Error('--registry-creds requires --image-pull-secret to be set');
  const [username, password, ...rest] = text.split(':');
  if (username === undefined || password === undefined || rest.length > 0)
    throw new Error("invalid --registry-creds format, expected 'user:password'");
  return { username, password };
}

/** The manifests are those of this program; there are no others to download. */
function checkVersion(version: string): void {
  if (version === '' || version === 'latest' || version === `v${FLUX_VERSION}`) return;
  if (!version.startsWith('v')) throw new Error(`targeted version '${version}' must be prefixed with 'v'`);
  throw new Error(
    `targeted version '${version}' is not compatible with the current version of this program (v${FLUX_VERSION}): install with the program of that version`,
  );
}
