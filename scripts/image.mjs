// Builds the image of the controllers: `npm run image`, or `npm run image -- --registry registry.example.com/platform --push`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './root.mjs';

const { values } = parseArgs({
  options: { registry: { type: 'string', default: 'localhost' }, push: { type: 'boolean', default: false } },
});
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const image = `${values.registry.replace(/\/+$/, '')}/sluice:v${version}`;

const builder = ['docker', 'podman', 'buildah'].find((program) => spawnSync(program, ['info'], { stdio: 'ignore' }).status === 0);
if (builder === undefined) {
  console.error('No image was built: neither docker, podman nor buildah works here. Install one, and start it where it has a daemon.');
  process.exit(1);
}
run([...(builder === 'buildah' ? ['bud'] : ['build']), '--tag', image, root]);
if (values.push) run(['push', image]);
console.log(values.push ? `${image} is pushed.` : `${image} is built.`);
console.log(
  values.registry === 'localhost'
    ? 'Load it onto the nodes (`kind load docker-image`, `k3d image import`), or build it with --registry and --push.'
    : `Install it with: flux install --registry=${values.registry}`,
);

function run(args) {
  const { status } = spawnSync(builder, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
