// `npm run soak`: ten minutes of trouble over a busy set of applications; `-- --minutes 1 --applications 10 --seed 7`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './root.mjs';
import { setUp } from './setup.mjs';

setUp(['test']);
const child = spawn(process.execPath, ['--expose-gc', join(root, 'test/dist/chaos/soak.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
