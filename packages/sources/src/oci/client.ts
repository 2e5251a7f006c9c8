import { SluiceError, startDeadline, withDeadline } from '@sluice/core';
import { readBody } from '../http/exchange.js';
import { downloadBlob, uploadBlob } from './blobs.js';
import {
  acceptManifests,
  isIndex,
  maxManifestBytes,
  mediaTypes,
  parseManifest,
  sha256,
  type OciDescriptor,
  type OciManifest,
} from './manifest.js';
import { checkDigest, checkTag, parseOciUrl, repositoryName } from './reference.js';
import { listReferrers } from './referrers.js';
import { Registry, registryFailure, type RegistryOptions } from './registry.js';
import { listTags, newestTag } from './tags.js';

export interface OciClientOptions extends RegistryOptions {
  /** The repository: `oci://ghcr.io/team/manifests`. */
  readonly url: string;
  /** The limit of one operation, a whole download included. Default: 60 s. */
  readonly timeoutMs?: number;
}

/** What is wanted of a repository: the first of these that is given; the tag `latest` when none is. */
export interface OciSelector {
  readonly digest?: string;
  readonly semver?: string;
  /** With `semver`: a regular expression that tags must match. */
  readonly semverFilter?: string;
  readonly tag?: string;
}

/** A state of a repository, pinned: what is pulled by its digest can't change any more. */
export interface ResolvedOci {
  /** `1.0.0@sha256:…`, or `sha256:…` where a digest was asked for. */
  readonly revision: string;
  readonly digest: string;
  readonly tag?: string;
}

/** The part of an artifact that is wanted. */
export interface PulledArtifact {
  readonly manifest: OciManifest;
  readonly layer: OciDescriptor;
}

export interface OciPush {
  readonly tag: string;
  readonly config: { readonly mediaType: string; readonly content: Uint8Array };
  readonly layers: readonly {
    readonly mediaType: string;
    readonly content: Uint8Array;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * One repository of an OCI registry.
 *
 * ```ts
 * const client = createOciClient({ url: 'oci://ghcr.io/team/manifests', login: dockerConfigLogin(secret) });
 * const { revision, digest } = await client.resolve({ semver: '1.x' });
 * const { layer } = await client.pull(digest);
 * await store.adopt(layer.digest, client.blob(layer), limits);
 * await client.close();
 * ```
 */
export interface OciClient {
  /** `ghcr.io/team/manifests`. */
  readonly name: string;
  resolve(selector: OciSelector, call?: OciCall): Promise<ResolvedOci>;
  /** The tag that is meant, whatever it has; undefined where a digest is meant. Only a range of versions costs requests. */
  tagOf(selector: OciSelector, call?: OciCall): Promise<string | undefined>;
  tags(call?: OciCall): Promise<string[]>;
  /** By a tag or a digest. */
  manifest(reference: string, call?: OciCall): Promise<OciManifest>;
  /** The manifest, and its layer of a media type, or its first. */
  pull(digest: string, call?: OciCall & { readonly layerMediaType?: string }): Promise<PulledArtifact>;
  /** The bytes of a layer or config; they are checked when they have all come. */
  blob(descriptor: Pick<OciDescriptor, 'digest' | 'size'>, call?: OciCall): AsyncIterable<Uint8Array>;
  /** The manifests that refer to the one with a digest: its signatures, say. */
  referrers(digest: string, call?: OciCall): Promise<OciDescriptor[]>;
  /** Returns the digest of the manifest. */
  push(push: OciPush, call?: OciCall): Promise<string>;
  /** Gives one more tag to what has a tag or digest. Returns the digest. */
  tag(reference: string, tag: string, call?: OciCall): Promise<string>;
  close(): Promise<void>;
}

export interface OciCall {
  readonly signal?: AbortSignal | undefined;
  /** For `resolve` by semver and `pull`: which layer will be wanted. */
  readonly layerMediaType?: string | undefined;
}

/** Opens nothing yet: the first call connects. */
export function createOciClient(options: OciClientOptions): OciClient {
  const { timeoutMs = 60_000 } = options;
  const repository = parseOciUrl(options.url);
  const registry = new Registry(repository, options);
  const limited = <T>(call: OciCall | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(timeoutMs, call?.signal, run);

  const fetchManifest = async (reference: string, signal: AbortSignal): Promise<OciManifest> => {
    const isDigest = reference.includes(':');
    const to = `manifests/${isDigest ? checkDigest(reference) : checkTag(reference)}`;
    const answer = await registry.expect([200], { to, action: 'pull', headers: { accept: acceptManifests }, signal });
    const what = `${repositoryName(repository)}${isDigest ? '@' : ':'}${reference}`;
    const bytes = await readBody(answer, maxManifestBytes, `the manifest of ${what}`);
    return parseManifest(bytes, answer.headers['content-type'] ?? '', isDigest ? reference : undefined, what);
  };

  const digestOf = async (tag: string, signal: AbortSignal): Promise<string> => {
    const request = { to: `manifests/${checkTag(tag)}`, action: 'pull', headers: { accept: acceptManifests }, signal } as const;
    const head = await registry.send({ ...request, method: 'HEAD' });
    head.body.destroy();
    const digest = head.headers['docker-content-digest'];
    if (head.status === 200 && digest !== undefined) return checkDigest(digest);
    // Registries that know no HEAD, or give no digest with it; and those that say only here what is wrong.
    return (await fetchManifest(tag, signal)).digest;
  };

  const putManifest = async (reference: string, mediaType: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> => {
    const request = {
      method: 'PUT',
      to: `manifests/${reference}`,
      action: 'push',
      headers: { 'content-type': mediaType },
      body: bytes,
      signal,
    } as const;
    const answer = await registry.send(request);
    if (answer.status !== 201 && answer.status !== 200) throw await registryFailure('PUT', answer);
    answer.body.destroy();
  };

  const tagOf: OciClient['tagOf'] = async ({ digest = '', semver = '', semverFilter, tag = '' }, call) => {
    if (digest !== '') return undefined;
    if (semver === '') return tag || 'latest';
    return newestTag(await limited(call, (signal) => listTags(registry, signal)), semver, semverFilter, call?.layerMediaType);
  };

  return {
    name: repositoryName(repository),
    tagOf,
    async resolve(selector, call) {
      const tag = await tagOf(selector, call);
      if (tag === undefined) {
        const digest = checkDigest(selector.digest ?? '');
        return { revision: digest, digest };
      }
      const digest = await limited(call, (signal) => digestOf(tag, signal));
      return { revision: `${tag}@${digest}`, digest, tag };
    },
    tags: (call) => limited(call, (signal) => listTags(registry, signal)),
    manifest: (reference, call) => limited(call, (signal) => fetchManifest(reference, signal)),
    pull: (digest, call) =>
      limited(call, async (signal) => {
        let manifest = await fetchManifest(checkDigest(digest), signal);
        if (isIndex(manifest)) {
          const child = manifest.manifests.find(({ platform }) => platform === 'linux/amd64');
          if (child === undefined) {
            throw new SluiceError('SourceNotFound', `no child with platform linux/amd64 in index ${repositoryName(repository)}@${digest}`);
          }
          manifest = await fetchManifest(child.digest, signal);
        }
        if (manifest.layers.length === 0) throw new SluiceError('SourceNotFound', 'no layers found in artifact');
        const wanted = call?.layerMediaType ?? '';
        const layer = wanted === '' ? manifest.layers[0] : manifest.layers.find(({ mediaType }) => mediaType === wanted);
        if (layer === undefined) throw new SluiceError('SourceNotFound', `failed to find layer with media type '${wanted}' in artifact`);
        return { manifest, layer };
      }),
    async *blob(descriptor, call) {
      const { signal, cancel } = startDeadline(timeoutMs, call?.signal);
      try {
        yield* downloadBlob(registry, descriptor, signal);
      } finally {
        cancel();
      }
    },
    referrers: (digest, call) => limited(call, (signal) => listReferrers(registry, checkDigest(digest), signal)),
    push: ({ tag, config, layers, annotations }, call) =>
      limited(call, async (signal) => {
        checkTag(tag);
        const described: OciDescriptor[] = [];
        const contents: OciPush['layers'] = [config, ...layers];
        for (const { mediaType, content, annotations: own } of contents) {
          const digest = await uploadBlob(registry, content, signal);
          described.push({ mediaType, digest, size: content.length, ...(own !== undefined && { annotations: own }) });
        }
        const bytes = Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaTypes.manifest,
            config: described[0],
            layers: described.slice(1),
            annotations,
          }),
        );
        await putManifest(tag, mediaTypes.manifest, bytes, signal);
        return sha256(bytes);
      }),
    tag: (reference, tag, call) =>
      limited(call, async (signal) => {
        const { mediaType, bytes, digest } = await fetchManifest(reference, signal);
        await putManifest(checkTag(tag), mediaType, bytes, signal);
        return digest;
      }),
    close: () => registry.close(),
  };
}
