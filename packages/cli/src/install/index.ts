export { applyObjects, FIELD_MANAGER } from './apply-objects.js';
export { clusterInfo } from './cluster-info.js';
export { componentsNamed } from './components.js';
export { deploymentNames, PORTS } from './deployments.js';
export { deploymentStates, reportDeployments, reportState } from './health.js';
export { PART_OF } from './labels.js';
export { GENERATED, installObjects, installText } from './manifests.js';
export { installOptionsOf, registryCredentials, type InstallOptions } from './options.js';
