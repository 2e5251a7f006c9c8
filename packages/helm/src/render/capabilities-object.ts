import { goMethod, GoStruct, typedSlice, type GoMap, type GoValue } from '@sluice/gotemplate';
import type { Capabilities, KubeVersion } from '../capabilities/capabilities.js';
import type { HelmVersion } from '../version.js';

/** The versions that charts are told: those whose behaviour this is. */
const HELM_VERSIONS = { 3: 'v3.22', 4: 'v4.2' } as const;

const apiVersionsMethods = new Map([['Has', goMethod('slice', ['string'], 'bool', (versions, wanted) => versions.includes(wanted))]]);

const objects = { 3: new WeakMap<Capabilities, GoStruct>(), 4: new WeakMap<Capabilities, GoStruct>() };

/** `.Capabilities`. No template can change what is in it, so all that render for a cluster share it. */
export function capabilitiesObject(capabilities: Capabilities, helm: HelmVersion): GoStruct {
  let object = objects[helm].get(capabilities);
  if (object === undefined) objects[helm].set(capabilities, (object = build(capabilities, helm)));
  return object;
}

function build({ kubeVersion, apiVersions }: Capabilities, helm: HelmVersion): GoStruct {
  const scope = helm === 3 ? 'chartutil' : 'common';
  return new GoStruct(`*${scope}.Capabilities`, {
    fields: {
      KubeVersion: kubeVersionObject(kubeVersion, helm),
      APIVersions: typedSlice(`${scope}.VersionSet`, [...apiVersions], apiVersionsMethods),
      HelmVersion: helmVersionObject(helm),
    },
  });
}

function kubeVersionObject({ version, normalized, major, minor }: KubeVersion, helm: HelmVersion): GoStruct {
  const fields: GoMap =
    helm === 3
      ? { Version: version, Major: major, Minor: minor }
      : { Version: version, normalizedVersion: normalized, Major: major, Minor: minor };
  const methods = new Map([
    ['String', goMethod('struct', [], 'string', () => normalized)],
    ['GitVersion', goMethod('struct', [], 'string', () => version)],
  ]);
  const json = new GoStruct('', { fields: { Version: version, Major: major, Minor: minor } });
  return new GoStruct(`${helm === 3 ? 'chartutil' : 'common'}.KubeVersion`, { fields, methods, pointerText: normalized, json: () => json });
}

function helmVersionObject(helm: HelmVersion): GoValue {
  const fields = { Version: HELM_VERSIONS[helm], GitCommit: '', GitTreeState: '', GoVersion: '' };
  return new GoStruct('version.BuildInfo', { fields, json: () => ({ version: fields.Version }) });
}
