import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import {
  applyObjects,
  clusterInfo,
  deploymentNames,
  installObjects,
  installOptionsOf,
  installText,
  registryCredentials,
  reportDeployments,
  type InstallOptions,
} from '../install/index.js';
import { noArguments } from '../no-arguments.js';
import { confirmed } from '../prompt.js';
import { registrySecret } from '../secrets/registry-secret.js';
import { applySecret } from '../secrets/apply-secret.js';
import type { Terminal } from '../terminal.js';

/** `install`: the controllers and their custom resources, into a cluster or as manifests. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  noArguments(invocation, 'install');
  const options = installOptionsOf(flags);
  const credentials = registryCredentials(flags);
  if (flags.bool('export')) {
    terminal.out(installText(options));
    return;
  }
  terminal.generate('generating manifests');
  const objects = installObjects(options);
  if (flags.bool('verbose')) terminal.out(installText(options));
  terminal.success('manifests build completed');
  warnOfImages(options, terminal);
  terminal.action(`installing components in ${options.namespace} namespace`);
  const { cluster, close } = await connect(invocation);
  try {
    const signal = deadlineOf(invocation);
    const info = await clusterInfo(cluster, signal);
    if (info?.bootstrapped === true)
      throw new Error(
        `this cluster has already been bootstrapped with Flux ${info.version}! Please use '${invocation.program} bootstrap' to upgrade`,
      );
    await confirmOverride(info?.managedBy, invocation);
    await applyObjects(cluster, objects, signal, (id, change) => terminal.out(`${id} ${change}\n`));
    if (credentials !== undefined) {
      terminal.action(`generating image pull secret ${options.imagePullSecret}`);
      const { namespace, imagePullSecret: name, registry } = options;
      await applySecret(cluster, registrySecret({ name, namespace, registry, ...credentials }), signal);
    }
    terminal.waiting('verifying installation');
    if (!(await reportDeployments(cluster, options.namespace, deploymentNames(options), terminal, signal))) {
      throw new Error(
        `install failed: not all Deployments are ready; \`kubectl -n ${options.namespace} describe pods\` says why. The image is ${options.registry}/sluice: where the nodes don't find it, name a registry with --registry`,
      );
    }
    terminal.success('install finished');
  } finally {
    await close();
  }
}

/** Asks before what another tool manages is taken over. */
export async function confirmOverride(manager: string | undefined, { flags, signal, terminal }: Invocation): Promise<void> {
  if (manager === undefined || flags.bool('force')) return;
  terminal.warning(`Flux has been installed on this cluster with ${manager}!`);
  if (!(await confirmed(`Are you sure you want to override the ${manager} installation?`, signal)))
    throw new Error(`installation cancelled: Flux is managed by ${manager} here; --force takes it over`);
}

/** What is installed, but can't do its work yet. */
export function warnOfImages({ components }: InstallOptions, terminal: Terminal): void {
  const images = components.map(({ name }) => name).filter((name) => name.startsWith('image-'));
  if (images.length > 0)
    terminal.warning(`${images.join(', ')}: this version installs the custom resources, and does not work on them yet`);
}
