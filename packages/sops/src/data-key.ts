import { errorMessage } from '@sluice/core';
import type { Random } from './cipher.js';
import { sopsError } from './error.js';
import type { KeySealer, KeySource } from './keys/key-source.js';
import { masterKeyName, type KeyGroup, type MasterKey } from './keys/master-key.js';
import type { Metadata } from './metadata.js';
import { combineShares, splitSecret } from './shamir.js';

/** A file may name this many keys, each of which may cost a request or a slow computation. */
const MAX_KEYS = 256;

/** Opens the data key of a file with the keys at hand. */
export async function openDataKey({ groups, shamirThreshold }: Metadata, sources: readonly KeySource[]): Promise<Uint8Array> {
  const count = groups.reduce((sum, group) => sum + group.length, 0);
  if (count > MAX_KEYS || groups.length > 255)
    throw sopsError('SopsMetadataInvalid', `the file names ${count} keys: more than ${MAX_KEYS} are not tried`);
  const failures = new Set<string>();
  const parts: Uint8Array[] = [];
  const needed = groups.length === 1 ? 1 : shamirThreshold;
  for (const group of groups) {
    // Enough shares give the secret; more cost time, and give nothing.
    if (groups.length > 1 && parts.length >= Math.max(needed, 2)) break;
    const part = await openGroup(group, sources, failures);
    if (part !== undefined) parts.push(part);
  }
  if (parts.length < needed || parts.length === 0) throw keyMissing(groups, needed, parts.length, sources, failures);
  return groups.length === 1 ? parts[0]! : combineShares(parts);
}

/** The keys that are at hand, before those that a service has to be asked for. */
const order: readonly MasterKey['type'][] = ['age', 'pgp'];

function rank({ type }: MasterKey): number {
  return order.includes(type) ? order.indexOf(type) : order.length;
}

async function openGroup(group: KeyGroup, sources: readonly KeySource[], failures: Set<string>): Promise<Uint8Array | undefined> {
  for (const key of [...group].sort((a, b) => rank(a) - rank(b))) {
    for (const source of sources) {
      if (source.kind !== undefined && source.kind !== key.type) continue;
      try {
        const part = await source.open(key);
        if (part !== undefined) return part;
      } catch (error) {
        failures.add(`${masterKeyName(key)}: ${errorMessage(error)}`);
      }
    }
  }
  return undefined;
}

function keyMissing(
  groups: readonly KeyGroup[],
  needed: number,
  opened: number,
  sources: readonly KeySource[],
  failures: ReadonlySet<string>,
): Error {
  const wanted = groups.map((group) => group.map(masterKeyName).join(', '));
  const which =
    groups.length === 1
      ? `it is encrypted for ${wanted[0]}${groups[0]!.length > 1 ? ' (any one of these)' : ''}`
      : `it needs keys of ${needed} of its ${groups.length} key groups, and there are keys for ${opened}: ${wanted.map((names, index) => `group ${index + 1}: ${names}`).join('; ')}`;
  const kinds = new Set(groups.flatMap((group) => group.map(({ type }) => type)));
  const places = sources.filter(({ kind }) => kind === undefined || kinds.has(kind)).map(({ origin }) => origin);
  const looked = places.length === 0 ? 'there are no private keys at hand' : `looked in ${places.join(', ')}`;
  const why = failures.size === 0 ? '' : `; ${[...failures].join('; ')}`;
  return sopsError('SopsKeyMissing', `no key at hand opens the file: ${which}; ${looked}${why}`);
}

/** Encrypts a data key for every key of the groups. */
export async function sealDataKey(
  dataKey: Uint8Array,
  groups: readonly KeyGroup[],
  threshold: number,
  sealers: readonly KeySealer[],
  random: Random,
): Promise<KeyGroup[]> {
  if (groups.length === 0 || groups.some((group) => group.length === 0)) {
    throw sopsError('SopsSettingsInvalid', 'there is no key to encrypt for: name one, such as an age recipient');
  }
  const parts = groups.length === 1 ? [dataKey] : splitSecret(dataKey, groups.length, threshold, random);
  return Promise.all(groups.map((group, index) => Promise.all(group.map((key) => sealPart(key, parts[index]!, sealers)))));
}

async function sealPart(key: MasterKey, part: Uint8Array, sealers: readonly KeySealer[]): Promise<MasterKey> {
  for (const sealer of sealers) {
    const enc = await sealer.seal(key, part);
    if (enc !== undefined) return { ...key, enc };
  }
  throw sopsError(
    'SopsKeyMissing',
    `there is nothing at hand to encrypt for ${masterKeyName(key)}${key.type === 'pgp' ? ': its public key is missing' : ''}`,
  );
}
