/**
 * Helm: charts, values, and what they render to.
 *
 * ```ts
 * const chart = loadChartArchive(bytes); // or loadChartDirectory(tree, 'charts/web')
 * const values = collectValues({ files: [{ name: 'prod.yaml', content }], set: ['image.tag=v2'] });
 * const { manifests, hooks, notes } = render(chart, values, { name: 'web', namespace: 'apps' });
 * ```
 *
 * Everything here is a function of its input. {@link render} runs where it is called; templates that nobody trusts are
 * rendered by a {@link createRenderer}, in a worker that can be stopped.
 *
 * @module
 */
export { defaultApiVersions } from './capabilities/api-versions.js';
export { capabilities, parseKubeVersion, type Capabilities, type KubeVersion } from './capabilities/capabilities.js';
export {
  chartCrds,
  type Chart,
  type ChartCrd,
  type ChartFile,
  type ChartMetadata,
  type Dependency,
  type Maintainer,
} from './chart/chart.js';
export { unpackChart } from './chart/archive.js';
export { chartDirectoryFiles, loadChartDirectory } from './chart/directory.js';
export { loadChartArchive, loadChartFiles } from './chart/load.js';
export { readLock } from './chart/metadata.js';
export { matchesFile } from './chart/file-pattern.js';
export type { Lookup } from './functions/host.js';
export { sortByKind, type KindOrder } from './manifests/kind-order.js';
export { hooksOf, sortManifests, type Hook, type HookEvent, type Manifest } from './manifests/manifests.js';
export { splitManifests } from './manifests/split.js';
export { checkReleaseName, crdsOfChart, render, type Rendering, type RenderOptions } from './render/render.js';
export { releaseManifest, templateDocuments, templateText, type TextOptions } from './render/text.js';
export { postRender, type PostRenderer } from './render/post-render.js';
export type { ReleaseOptions } from './render/templates.js';
export { metadataJson } from './render/chart-object.js';
export { hookOf, releaseOf, storedHook, type NewRelease } from './release/from-rendering.js';
export { computedValues } from './release/values.js';
export type { Release, ReleaseInfo, ReleaseStatus, StoredChart, StoredFile, StoredHook } from './release/release.js';
export {
  decodeRelease,
  createChartPacking,
  encodeRelease,
  type PackChart,
  releaseSecretName,
  releaseSecretType,
  type ReleaseSecret,
  type ReleaseSecretOptions,
} from './release/storage.js';
export { collectValues, parseValues, type ValuesSources } from './values/files.js';
export { setValues, type SetMode } from './values/set.js';
export { mergeValues, type Values } from './values/values.js';
export type { HelmVersion } from './version.js';
export { createRenderer, type AsyncLookup, type Renderer, type RendererJob, type RendererOptions } from './worker/renderer.js';
