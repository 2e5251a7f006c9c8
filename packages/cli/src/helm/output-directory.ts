import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, isAbsolute } from 'node:path';
import { templateDocuments, type Rendering, type TextOptions } from '@sluice/helm';

/** Writes each template's documents into a file of its path below a directory, and tells of each document written. */
export function writeDocuments(directory: string, rendering: Rendering, options: TextOptions, wrote: (file: string) => void): void {
  const begun = new Set<string>();
  for (const { path, text } of templateDocuments(rendering, options)) {
    const file = join(directory, path);
    const inside = relative(directory, file);
    if (inside.startsWith('..') || isAbsolute(inside)) throw new Error(`the template ${JSON.stringify(path)} is outside of the chart`);
    mkdirSync(dirname(file), { recursive: true });
    if (begun.has(file)) appendFileSync(file, text);
    else writeFileSync(file, text);
    begun.add(file);
    wrote(file);
  }
}
