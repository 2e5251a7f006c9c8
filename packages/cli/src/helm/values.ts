import { readFileSync } from 'node:fs';
import { collectValues, type HelmVersion, type Values } from '@sluice/helm';
import type { Invocation } from '../command-line/index.js';
import { fetchFile } from './chart-source.js';

/** A file of `--set-file` that is on the web, and has to be fetched before values are put together. */
class FileOnTheWeb extends Error {
  readonly url: string;
  constructor(url: string) {
    super(`${url} was not fetched`);
    this.url = url;
  }
}

/** The values of a command's flags. Files may be on the web; `-` is standard input. */
export async function readValues(invocation: Invocation, helm: HelmVersion): Promise<Values> {
  const { flags } = invocation;
  const fetched = new Map<string, Buffer>();
  const files: { name: string; content: Buffer }[] = [];
  for (const name of flags.list('values')) {
    const content = name.trim() === '-' ? readFileSync(0) : isUrl(name) ? await fetchFile(name, invocation) : readFileSync(name);
    files.push({ name, content });
  }
  for (;;) {
    try {
      return collectValues(
        {
          files,
          set: flags.list('set'),
          string: flags.list('set-string'),
          json: flags.list('set-json'),
          file: flags.list('set-file'),
          literal: flags.list('set-literal'),
          readFile: (name) => {
            if (!isUrl(name)) return readFileSync(name, 'utf8');
            const content = fetched.get(name);
            if (content === undefined) throw new FileOnTheWeb(name);
            return content.toString();
          },
        },
        helm,
      );
    } catch (error) {
      if (!(error instanceof FileOnTheWeb)) throw error;
      fetched.set(error.url, await fetchFile(error.url, invocation));
    }
  }
}

function isUrl(name: string): boolean {
  return /^https?:\/\//.test(name);
}
