import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { latestVersion, parseConstraint, type Constraint } from '@sluice/semver';
import { RE2JS } from 're2js';
import { readBody } from '../http/exchange.js';
import { nextPage, repositoryName } from './reference.js';
import type { Registry } from './registry.js';

const maxPageBytes = 16 * 1024 * 1024;
const maxTags = 1_000_000;

/** Every tag of the repository, in the registry's order. */
export async function listTags(registry: Registry, signal: AbortSignal | undefined): Promise<string[]> {
  const tags: string[] = [];
  const seen = new Set<string>();
  let to: string | URL = 'tags/list?n=1000';
  for (;;) {
    const answer = await registry.expect([200], { to, action: 'pull', signal });
    const name = `the list of tags of ${repositoryName(registry.repository)}`;
    const page = tagsOf((await readBody(answer, maxPageBytes, name)).toString('utf8'), name);
    for (const tag of page) tags.push(tag);
    if (tags.length > maxTags) throw new SluiceError('SourceTooLarge', `${name} has more than ${maxTags} tags`);
    const next = nextPage(answer, (await registry.base(signal)).origin, name);
    if (next === undefined) return tags;
    if (seen.has(next.href)) throw new SluiceError('SourceAnswerInvalid', `${name} goes on where it was`);
    to = next;
    seen.add(next.href);
  }
}

function tagsOf(text: string, name: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    // A repository without tags has null here.
    if (isJsonObject(value) && (value.tags === null || value.tags === undefined)) return [];
    if (isJsonObject(value) && Array.isArray(value.tags) && value.tags.every((tag) => typeof tag === 'string')) return value.tags;
  } catch {
    // said below
  }
  throw new SluiceError('SourceAnswerInvalid', `${name} does not parse`);
}

/** Charts have their versions in tags, which can't have a plus. */
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** The tag with the newest version in a range, of those that a regular expression lets through. */
export function newestTag(tags: readonly string[], range: string, filter: string | undefined, layerMediaType: string | undefined): string {
  const isChart = layerMediaType === chartLayer;
  const candidates = filter === undefined || filter === '' ? tags : filtered(tags, filter);
  const constraint = tagRange(range);
  const versions = isChart ? candidates.map((tag) => tag.replaceAll('_', '+')) : candidates;
  const newest = latestVersion(constraint, versions);
  if (newest === undefined) throw new SluiceError('SourceNotFound', `no match found for semver: ${range}`);
  return isChart ? newest.replaceAll('+', '_') : newest;
}

/** A range of versions, as people give it for tags. */
export function tagRange(range: string): Constraint {
  try {
    return parseConstraint(range);
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `semver '${range}' parse error: ${errorMessage(error)}`, { cause: error });
  }
}

/** A regular expression, as people give it for tags. */
export function tagPattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new SluiceError('RegexInvalid', `error parsing regexp: ${errorMessage(error).replace(/^error parsing regexp: /, '')}`, {
      cause: error,
    });
  }
}

function filtered(tags: readonly string[], filter: string): string[] {
  const pattern = tagPattern(filter);
  return tags.filter((tag) => pattern.matcher(tag).find());
}
