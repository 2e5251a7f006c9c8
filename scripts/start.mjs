// `npm start`: installs what is missing, builds, and runs `sluice up` with what follows `--`.
import { join } from 'node:path';
import { root } from './root.mjs';
import { setUp } from './setup.mjs';

setUp();
process.argv = [process.execPath, join(root, 'packages/cli/bin/sluice.js'), 'up', ...process.argv.slice(2)];
await import('../packages/cli/bin/sluice.js');
