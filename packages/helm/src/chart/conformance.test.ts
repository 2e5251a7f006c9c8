import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities, parseKubeVersion } from '../capabilities/capabilities.js';
import { recordedCases, thrownBy } from '../testing/recorded.js';
import { parseHelmIgnore } from './helmignore.js';

interface IgnoreCase {
  readonly rules: string;
  readonly defaults: boolean;
  readonly ignored?: readonly string[];
  readonly kept?: readonly string[];
  readonly error?: string;
}

for (const { rules, defaults, ignored = [], kept = [], error } of recordedCases<IgnoreCase>('helm/sdk/helmignore.json')) {
  test(`.helmignore ${JSON.stringify(rules)}`, () => {
    assert.equal(
      thrownBy(() => parseHelmIgnore(rules)),
      error,
    );
    if (error !== undefined) return;
    const ignores = parseHelmIgnore(rules, { defaults });
    const isIgnored = (path: string): boolean => ignores(path.replace(/\/$/, ''), path.endsWith('/'));
    assert.deepEqual([...ignored, ...kept].filter(isIgnored), ignored);
  });
}

interface KubeVersionCase {
  readonly input: string;
  readonly expected?: { readonly Version: string; readonly Major: string; readonly Minor: string };
  readonly error?: string;
  readonly v4?: { readonly Version: string; readonly Major: string; readonly Minor: string };
}

for (const { input, expected, error, v4 } of recordedCases<KubeVersionCase>('helm/sdk/kube_version.json')) {
  test(`kube version ${JSON.stringify(input)}`, () => {
    for (const helm of [3, 4] as const) {
      assert.equal(
        thrownBy(() => parseKubeVersion(input, helm)),
        error,
      );
      if (error !== undefined) continue;
      const { version, major, minor } = parseKubeVersion(input, helm);
      assert.deepEqual({ Version: version, Major: major, Minor: minor }, (helm === 4 ? v4 : undefined) ?? expected);
    }
  });
}

for (const { helm, apiVersions } of recordedCases<{ readonly helm: string; readonly apiVersions: readonly string[] }>(
  'helm/sdk/default_api_versions.json',
)) {
  test(`API versions without a cluster, Helm ${helm}`, () => {
    assert.deepEqual(capabilities(helm.startsWith('3') ? 3 : 4).apiVersions.toSorted(), apiVersions);
  });
}
