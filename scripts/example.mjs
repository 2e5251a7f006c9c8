// `npm run example -- NAME`: installs what is missing, builds, and runs a setup of examples/ on the embedded cluster.
import { setUp } from './setup.mjs';

setUp();
await import('./example/main.mjs');
