import { SluiceError } from '@sluice/core';
import { parseValues } from '../values/files.js';
import { unpackChart } from './archive.js';
import type { Chart, ChartFile } from './chart.js';
import { readMetadata } from './metadata.js';

/** Charts inside of charts: nobody's has ten of them, and an archive can hold itself as often as it likes. */
const MAX_DEPTH = 32;

const SPECIAL_FILES = new Set(['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json', 'requirements.yaml', 'requirements.lock']);

/** A chart of its files. `charts/` may hold directories and archives. */
export function loadChartFiles(files: readonly ChartFile[], depth = 0): Chart {
  if (depth > MAX_DEPTH) throw new SluiceError('ChartInvalid', `charts are nested more than ${MAX_DEPTH} deep`);
  const named = new Map(files.map((file) => [file.name, file.data]));
  const chartYaml = named.get('Chart.yaml');
  if (chartYaml === undefined) throw new SluiceError('ChartInvalid', 'Chart.yaml file is missing', { place: { file: 'Chart.yaml' } });
  const requirements = named.get('requirements.yaml');
  const metadata = readMetadata(chartYaml, requirements);
  const values = named.get('values.yaml');
  const schema = named.get('values.schema.json');
  const templates: ChartFile[] = [];
  const others: ChartFile[] = [];
  const subcharts = new Map<string, ChartFile[]>();
  for (const file of files) {
    const { name, data } = file;
    if (name.startsWith('templates/')) templates.push(file);
    else if (name.startsWith('charts/') && !name.endsWith('.prov')) {
      const path = name.slice('charts/'.length);
      const chart = path.split('/', 1)[0] ?? '';
      const own = subcharts.get(chart);
      if (own === undefined) subcharts.set(chart, [{ name: path, data }]);
      else own.push({ name: path, data });
    } else if (!SPECIAL_FILES.has(name) || (metadata.apiVersion === 'v1' && name.startsWith('requirements.'))) others.push(file);
  }
  return {
    metadata,
    values: values === undefined ? {} : readDefaults(values),
    valuesText: values === undefined ? '' : new TextDecoder().decode(values),
    ...(schema !== undefined && { schema }),
    templates,
    files: others,
    // The order of charts is by name: Helm's own is by chance.
    subcharts: [...subcharts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, own]) => loadSubchart(name, own, metadata.name, depth + 1)),
  };
}

/** A chart of an archive (`helm package`). */
export function loadChartArchive(archive: Uint8Array, depth = 0): Chart {
  return loadChartFiles(unpackChart(archive), depth);
}

function loadSubchart(name: string, files: readonly ChartFile[], parent: string, depth: number): Chart[] {
  if (/^[_.]/.test(name)) return [];
  try {
    if (name.endsWith('.tgz')) {
      const [file] = files;
      if (file === undefined || file.name !== name) {
        throw new SluiceError('ChartInvalid', `error unpacking subchart tar in ${parent}: expected ${name}, got ${file?.name ?? ''}`);
      }
      return [loadChartArchive(file.data, depth)];
    }
    const inside = files.filter((file) => file.name.includes('/'));
    return [
      loadChartFiles(
        inside.map((file) => ({ name: file.name.slice(name.length + 1), data: file.data })),
        depth,
      ),
    ];
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(error.reason, `error unpacking subchart ${name} in ${parent}: ${error.message}`, {
      place: error.place,
      cause: error,
    });
  }
}

function readDefaults(content: Uint8Array): Chart['values'] {
  try {
    return parseValues(content, 4);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError('ChartInvalid', `cannot load values.yaml: ${error.message}`, {
      place: { ...error.place, file: 'values.yaml' },
      cause: error,
    });
  }
}
