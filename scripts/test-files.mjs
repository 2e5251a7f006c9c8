// Imports the test files named on the command line into this one process; node:test runs them when they are loaded.
import { pathToFileURL } from 'node:url';

// All paths before the first file: its tests may be elsewhere when the next is loaded.
const files = process.argv.slice(2).map((file) => pathToFileURL(file).href);
for (const file of files) await import(file);
