// Builds the image of the controllers: `npm run image`, or `npm run image -- --registry registry.example.com/platform --push`.
// What follows another `--` goes to the builder: `npm run image -- -- --platform linux/arm64`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './root.mjs';

const { values, positionals } = parseArgs({
  options: { registry: { type: 'string', default: 'localhost' }, push: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const registry = values.registry.replace(/\/+$/, '');
const image = `${registry}/sluice:v${version}`;

const builder = ['docker', 'podman', 'buildah'].find((program) => spawnSync(program, ['info'], { stdio: 'ignore' }).status === 0);
if (builder === undefined) {
  console.error('No image was built: neither docker, podman nor buildah works here. Install one, and start it where it has a daemon.');
  process.exit(1);
}
const labels = { version: `v${version}`, ...revision() };
run([
  'build',
  '--tag',
  image,
  ...Object.entries(labels).flatMap(([name, value]) => ['--label', `org.opencontainers.image.${name}=${value}`]),
  ...positionals,
  root,
]);
if (values.push) run(['push', image]);
console.log(values.push ? `${image} is pushed.` : `${image} is built.`);
console.log(
  registry === 'localhost'
    ? 'Load it onto the nodes (`kind load docker-image`, `k3d image import`), or build it with --registry and --push.'
    : `Install it with: flux install --registry=${registry}`,
);

/** The commit that it is made of; unknown outside a checkout. */
function revision() {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--abbrev=40', '--exclude=*', '--dirty'], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? { revision: stdout.trim() } : {};
}

function run(args) {
  // Docker of before version 23 has BuildKit, and does not use it of itself.
  const { status } = spawnSync(builder, args, { stdio: 'inherit', env: { ...process.env, DOCKER_BUILDKIT: '1' } });
  if (status !== 0) process.exit(status ?? 1);
}
