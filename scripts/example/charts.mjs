// The charts of examples/charts, in a Helm repository and in a registry.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createOciClient, packageChart } from '@sluice/sources';
import { parseYaml } from '@sluice/yaml';
import { root } from '../root.mjs';

const folder = join(root, 'examples/charts');

/** Reads every chart: its metadata and its archive. */
function readCharts() {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const files = readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => ({ name: relative(join(folder, name), path), data: readFileSync(path) }));
      const metadata = /** @type {Record<string, string>} */ (parseYaml(readFileSync(join(folder, name, 'Chart.yaml'), 'utf8')));
      return { metadata, archive: packageChart(files) };
    });
}

/** Answers as a Helm repository at /charts does. */
export function helmRepository() {
  const files = new Map();
  const entries = {};
  for (const { metadata, archive } of readCharts()) {
    const file = `${metadata.name}-${metadata.version}.tgz`;
    files.set(`/charts/${file}`, archive);
    entries[metadata.name] = [{ ...metadata, urls: [file] }];
  }
  files.set('/charts/index.yaml', JSON.stringify({ apiVersion: 'v1', entries }));
  return (request, response) => {
    const file = files.get(request.url);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  };
}

/** Pushes every chart to a registry, below /charts. */
export async function fillRegistry(host) {
  for (const { metadata, archive } of readCharts()) {
    const client = createOciClient({ url: `oci://${host}/charts/${metadata.name}` });
    try {
      await client.push({
        tag: metadata.version,
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', content: Buffer.from(JSON.stringify(metadata)) },
        layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', content: archive }],
      });
    } finally {
      await client.close();
    }
  }
}
