import type { HelmRelease } from '@sluice/api';
import type { ChartMetadata, Values } from '@sluice/helm';
import { verifyValues } from './digests.js';
import { latest } from './history.js';
import { takeResetRequest } from './requests.js';
import { releaseName, releaseNamespace, storageNamespace, type HelmReleaseStatus } from './spec.js';

/** In what another release is meant than the one there is; undefined when it is the same. The old one has to go first. */
export function changedTarget(object: HelmRelease, status: HelmReleaseStatus, chartName: string): string | undefined {
  const current = latest(status.history);
  if (status.storageNamespace === undefined || status.storageNamespace === '' || current === undefined) return undefined;
  if (storageNamespace(object) !== status.storageNamespace) return 'storage namespace';
  if (releaseNamespace(object) !== current.namespace) return 'release namespace';
  if (releaseName(object) !== current.name) return 'release name';
  return chartName === current.chartName ? undefined : 'chart name';
}

/** Why earlier failures count no more: something that the last try was made with has changed. Undefined when nothing has. */
export function reasonToForgetFailures(
  object: HelmRelease,
  status: HelmReleaseStatus,
  chart: Pick<ChartMetadata, 'version'>,
  values: Readonly<Values>,
): string | undefined {
  const isAsked = takeResetRequest(object, status);
  if (status.lastAttemptedGeneration !== object.metadata.generation) return 'generation differs from last attempt';
  if (status.lastAttemptedRevision !== chart.version) return 'chart version differs from last attempt';
  const { lastAttemptedConfigDigest = '', lastAttemptedValuesChecksum = '' } = status;
  const digest =
    lastAttemptedConfigDigest === '' && lastAttemptedValuesChecksum !== ''
      ? `sha1:${lastAttemptedValuesChecksum}`
      : lastAttemptedConfigDigest;
  if (digest !== '' && !verifyValues(digest, values)) return 'values differ from last attempt';
  return isAsked ? 'reset requested through annotation' : undefined;
}
