import { compareVersions, formatVersion, nextVersion, parseConstraint, parseVersion, type Version } from '@sluice/semver';
import { goFunction, goMethod } from '../exec/function.js';
import { goInt, GoStruct, type GoValue, type Methods } from '../values/values.js';

const versions = new WeakMap<GoStruct, Version>();

function versionOf(struct: GoStruct): Version {
  const version = versions.get(struct);
  if (version === undefined) throw new Error('runtime error: invalid memory address or nil pointer dereference');
  return version;
}

/** A version with the methods that Go's has. */
function versionStruct(version: Version): GoStruct {
  const struct = new GoStruct('*semver.Version', { methods, text: formatVersion(version), json: () => formatVersion(version) });
  versions.set(struct, version);
  return struct;
}

function uint64(value: number | bigint): GoValue {
  return goInt(BigInt(value), 'uint64');
}

const methods: Methods = new Map(
  Object.entries({
    Major: goMethod('struct', [], 'struct', (on) => uint64(versionOf(on).major)),
    Minor: goMethod('struct', [], 'struct', (on) => uint64(versionOf(on).minor)),
    Patch: goMethod('struct', [], 'struct', (on) => uint64(versionOf(on).patch)),
    Prerelease: goMethod('struct', [], 'string', (on) => versionOf(on).prerelease),
    Metadata: goMethod('struct', [], 'string', (on) => versionOf(on).metadata),
    Original: goMethod('struct', [], 'string', (on) => versionOf(on).original),
    String: goMethod('struct', [], 'string', (on) => formatVersion(versionOf(on))),
    IncMajor: goMethod('struct', [], 'struct', (on) => versionStruct(nextVersion(versionOf(on), 'major'))),
    IncMinor: goMethod('struct', [], 'struct', (on) => versionStruct(nextVersion(versionOf(on), 'minor'))),
    IncPatch: goMethod('struct', [], 'struct', (on) => versionStruct(nextVersion(versionOf(on), 'patch'))),
    Compare: goMethod('struct', ['*semver.Version'], 'int', (on, other) => Math.sign(compareVersions(versionOf(on), versionOf(other)))),
    LessThan: goMethod('struct', ['*semver.Version'], 'bool', (on, other) => compareVersions(versionOf(on), versionOf(other)) < 0),
    GreaterThan: goMethod('struct', ['*semver.Version'], 'bool', (on, other) => compareVersions(versionOf(on), versionOf(other)) > 0),
    Equal: goMethod('struct', ['*semver.Version'], 'bool', (on, other) => compareVersions(versionOf(on), versionOf(other)) === 0),
  }),
);

export const semver = {
  semver: goFunction(['string'], 'struct', (text) => versionStruct(parseVersion(text))),
  semverCompare: goFunction(['string', 'string'], 'bool', (constraint, version) =>
    parseConstraint(constraint).check(parseVersion(version)),
  ),
};
