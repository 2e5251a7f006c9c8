import { RE2JS } from 're2js';
import type { JsonObject } from '@sluice/core';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { createdName, createObject, durationField, filled } from '../create/index.js';
import { imagePolicy } from '../kinds/index.js';

const DIGEST_POLICIES = ['Never', 'IfNotPresent', 'Always'];

/** `create image policy NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('image-ref') === '') throw new Error('the name of an ImageRepository in the namespace is required (--image-ref)');
  const policy = policyOf(flags);
  const digestReflectionPolicy = flags.string('reflect-digest');
  const filterTags = filterOf(flags);
  if (digestReflectionPolicy !== '' && !DIGEST_POLICIES.includes(digestReflectionPolicy))
    throw new Error("invalid value for --reflect-digest, must be one of 'Never', 'IfNotPresent', 'Always'");
  const interval = durationField(flags, 'interval');
  if (interval !== undefined && digestReflectionPolicy !== 'Always')
    throw new Error("the --interval flag can only be used with the 'Always' digest reflection policy, use --reflect-digest=Always");
  await createObject(invocation, name, {
    kind: imagePolicy,
    title: 'ImagePolicy',
    spec: filled({ digestReflectionPolicy, filterTags, imageRepositoryRef: { name: flags.string('image-ref') }, interval, policy }),
    done: () => ['ImagePolicy reconciliation completed'],
  });
}

/** How the tag is chosen. A range with another way gives a policy that chooses nothing, as with Flux. */
function policyOf(flags: FlagValues): JsonObject {
  const [semver = '', alpha = '', numeric = ''] = ['semver', 'alpha', 'numeric'].map((way) => flags.string(`select-${way}`));
  if (semver !== '' && (alpha !== '' || numeric !== '')) return {};
  if (alpha !== '' && numeric !== '') throw new Error('only one of --select-semver, --select-alpha or --select-numeric can be specified');
  if (semver !== '') return { semver: { range: semver } };
  if (alpha !== '') return { alphabetical: { order: orderOf(alpha, 'alpha') } };
  if (numeric !== '') return { numerical: { order: orderOf(numeric, 'numeric') } };
  throw new Error('a policy must be provided with either --select-semver or --select-alpha');
}

function orderOf(order: string, way: string): string {
  if (order !== 'asc' && order !== 'desc') throw new Error(`--select-${way} must be one of ["asc", "desc"]`);
  return order;
}

function filterOf(flags: FlagValues): JsonObject | undefined {
  const pattern = flags.string('filter-regex');
  const extract = flags.string('filter-extract');
  if (pattern === '') {
    if (extract !== '') throw new Error('cannot specify --filter-extract without specifying --filter-regex');
    return undefined;
  }
  let groups: readonly string[];
  try {
    groups = Object.keys(RE2JS.compile(pattern).namedGroups());
  } catch (error) {
    throw new Error('--filter-regex is an invalid regex pattern', { cause: error });
  }
  checkExtract(extract, groups);
  return filled({ extract, pattern });
}

/** Refuses a replacement whose named groups the pattern does not have. */
function checkExtract(extract: string, groups: readonly string[]): void {
  for (const [whole, , braced, plain] of extract.matchAll(/\$(\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+)|)/gu)) {
    if (whole === '$$') continue;
    const name = braced ?? plain;
    if (name === undefined) throw new Error('--filter-extract is malformed');
    if (!/^\d+$/.test(name) && !groups.includes(name))
      throw new Error(`capture group $${name} used in --filter-extract not found in --filter-regex`);
  }
}
