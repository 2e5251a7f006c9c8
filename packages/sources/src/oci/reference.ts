import { SluiceError } from '@sluice/core';
import type { WebAnswer } from '../http/transport.js';

/** A repository of a registry. */
export interface OciRepository {
  /** `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** `stefanprodan/manifests/podinfo`. */
  readonly repository: string;
}

/** A repository, and perhaps what is meant in it. */
export interface OciReference extends OciRepository {
  readonly tag?: string;
  readonly digest?: string;
}

export const ociScheme = 'oci://';

const dockerHub = 'index.docker.io';
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestForm = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
const hostForm =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** Reads `oci://host/repository`, the address of an OCIRepository, which says no tag. */
export function parseOciUrl(url: string): OciRepository {
  const { registry, repository, tag, digest } = parseOciReference(url);
  if (digest !== undefined) throw invalid(url, `it must not contain a digest; remove '@${digest}'`);
  if (tag !== undefined) throw invalid(url, `URL must not contain a tag; remove ':${tag}'`);
  return { registry, repository };
}

/** Reads `oci://host/repository:tag@sha256:…`; tag and digest may be missing. */
export function parseOciReference(url: string): OciReference {
  if (!url.startsWith(ociScheme)) throw invalid(url, `URL must be in format 'oci://<domain>/<org>/<repo>'`);
  const rest = url.slice(ociScheme.length);
  const slash = rest.indexOf('/');
  const host = slash < 0 ? rest : rest.slice(0, slash);
  if (slash < 0 || !hostForm.test(host)) throw invalid(url, `URL must be in format 'oci://<domain>/<org>/<repo>'`);
  const [path = '', digest, ...more] = rest.slice(slash + 1).split('@');
  if (more.length > 0) throw invalid(url, 'it has more than one @');
  const colon = path.indexOf(':');
  const name = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : checkTag(path.slice(colon + 1));
  if (name.length > 255 || !name.split('/').every((part) => component.test(part))) {
    throw invalid(url, 'a repository is made of lower case letters, digits and -._ between slashes');
  }
  const isHub = host === 'docker.io' || host === dockerHub;
  return {
    registry: isHub ? dockerHub : host,
    repository: isHub && !name.includes('/') ? `library/${name}` : name,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: checkDigest(digest) }),
  };
}

export function checkTag(tag: string): string {
  if (!tagForm.test(tag)) throw new SluiceError('SourceSettingsInvalid', `${JSON.stringify(tag.slice(0, 200))} can't be a tag`);
  return tag;
}

export function checkDigest(digest: string): string {
  if (!digestForm.test(digest)) {
    throw new SluiceError('SourceSettingsInvalid', `${JSON.stringify(digest.slice(0, 200))} is not a digest of the form sha256:…`);
  }
  return digest;
}

/** `host/repository`, as people know it. */
export function repositoryName({ registry, repository }: OciRepository): string {
  return `${registry}/${repository}`;
}

/** Where a list goes on, of a registry's answer: at the same registry, or nowhere. */
export function nextPage({ headers, url }: Pick<WebAnswer, 'headers' | 'url'>, origin: string, what: string): URL | undefined {
  const next = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(headers.link ?? '')?.[1];
  if (next === undefined) return undefined;
  if (!URL.canParse(next, url.href)) throw new SluiceError('SourceAnswerInvalid', `${what} goes on at no address`);
  const to = new URL(next, url);
  if (to.origin !== origin) throw new SluiceError('SourceAnswerInvalid', `${what} goes on elsewhere`);
  return to;
}

function invalid(url: string, why: string): SluiceError {
  return new SluiceError('SourceSettingsInvalid', `${JSON.stringify(url.slice(0, 500).replace(/\/\/[^/@]*@/, '//***@'))}: ${why}`);
}
