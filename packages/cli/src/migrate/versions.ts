import { groupOf } from '@sluice/core';
import { allKinds, artifactGenerator } from '../kinds/index.js';

const IMAGE = 'image.toolkit.fluxcd.io';
/** Minor versions whose API is today's. */
const CURRENT = ['2.9', '2.8', '2.7'];
/** What Flux 2.6 had at older versions, or not at all. */
const BEFORE_2_7: ReadonlyMap<string, string | undefined> = new Map([
  [`${IMAGE}/ImageRepository`, 'v1beta2'],
  [`${IMAGE}/ImagePolicy`, 'v1beta2'],
  [`${IMAGE}/ImageUpdateAutomation`, 'v1beta2'],
  [`${groupOf(artifactGenerator.apiVersion)}/ArtifactGenerator`, undefined],
]);

/** The latest version of each `group/Kind`, as a minor version of Flux has them; the empty one is this program's. */
export function latestVersions(fluxVersion: string): ReadonlyMap<string, string> {
  const versions = new Map(
    [...allKinds, artifactGenerator].map(({ apiVersion, kind }) => [`${groupOf(apiVersion)}/${kind}`, apiVersion.split('/')[1] ?? '']),
  );
  if (fluxVersion === '' || CURRENT.includes(fluxVersion)) return versions;
  if (fluxVersion !== '2.6') throw new Error(`version ${fluxVersion} is not supported, supported versions are: ${CURRENT.join(', ')}, 2.6`);
  for (const [key, version] of BEFORE_2_7) {
    if (version === undefined) versions.delete(key);
    else versions.set(key, version);
  }
  return versions;
}
