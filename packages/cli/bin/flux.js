#!/usr/bin/env node
import { existsSync } from 'node:fs';

// One bundle starts faster than its hundreds of modules; `npm run build` makes both.
const bundle = new URL('../bundle/process.js', import.meta.url);
const { runProcess } = await import(existsSync(bundle) ? bundle.href : '../dist/process.js');
await runProcess('flux');
