/**
 * The controllers: one folder a kind, and {@link startControllers} to run them.
 *
 * @module
 */
export { envsubst, EnvsubstError, type EnvsubstOptions, type Variables } from './envsubst/index.js';
export { clusterCapabilities, clusterLookup } from './helm-release/cluster-view.js';
export { previewRelease, type ReleasePreview, type ReleasePreviewOptions } from './helm-release/preview.js';
export type { HelmReleaseSettings } from './helm-release/settings.js';
export { composeValues } from './helm-release/values.js';
export { explainWaiting } from './kustomization/health-report.js';
export { defaultSettings, type KustomizationSettings } from './kustomization/settings.js';
export {
  buildKustomization,
  diffKustomization,
  diffRendered,
  renderKustomization,
  type PreviewOptions,
  type RenderOptions,
} from './kustomization/preview.js';
export type { ObjectDiff } from './apply/diff.js';
export { loadVariables } from './kustomization/variables.js';
export { parseStageKinds } from './apply/order.js';
export { leadControllers, type Leadership, type LeadOptions } from './lead.js';
export { tracingFromEnvironment, type TracingSettings } from './observe/tracing.js';
export { controlledResources } from './resources.js';
export { controllerNames, startControllers, type ControllerName, type Controllers, type ControllersOptions } from './start.js';
