import { SluiceError, type KubeObject } from '@sluice/core';
import { decodeRelease, encodeRelease, releaseSecretName, type PackChart, type Release } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';

type StoredSecret = KubeObject & { readonly data?: unknown };

export interface RecordsOptions {
  readonly cluster: Cluster;
  /** Of the Secrets. */
  readonly namespace: string;
  /** Of the release. */
  readonly name: string;
  /** The wall clock, in milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly packChart?: PackChart;
  /** Told of every record that was written, or deleted. */
  readonly onWrite?: (release: Release) => void;
}

const FIELD_MANAGER = 'helm-controller';

/** The revisions of a release in Helm's storage: read once, kept up to date by what is written here. */
export class ReleaseRecords {
  readonly #options: RecordsOptions;
  readonly #revisions: Map<number, { readonly release: Release; readonly labels: Readonly<Record<string, string>> }>;

  private constructor(options: RecordsOptions, secrets: readonly StoredSecret[]) {
    this.#options = options;
    this.#revisions = new Map(
      secrets.map((secret) => {
        const { release, labels } = readable(secret);
        return [release.version, { release, labels: { ...labels, ...createdAt(secret) } }];
      }),
    );
  }

  /** Throws when a Secret can't be read: what is to be done next must not be guessed. */
  static async read(options: RecordsOptions): Promise<ReleaseRecords> {
    const { cluster, namespace, name, signal } = options;
    const labelSelector = `name=${name},owner=helm`;
    const { items } = await cluster.list<StoredSecret>({ apiVersion: 'v1', kind: 'Secret', namespace }, { labelSelector, signal });
    return new ReleaseRecords(options, items);
  }

  /** Oldest first. */
  all(): Release[] {
    return [...this.#revisions.values()].map(({ release }) => release).sort((a, b) => a.version - b.version);
  }

  last(): Release | undefined {
    return this.all().at(-1);
  }

  get(version: number): Release | undefined {
    return this.#revisions.get(version)?.release;
  }

  /** The newest one that is deployed. */
  deployed(): Release | undefined {
    return this.all().findLast(({ info }) => info.status === 'deployed');
  }

  /** Stores a new revision, and makes room for it first: of `max` revisions (0 is any number) the oldest go, but never the deployed one. */
  async create(release: Release, max = 0): Promise<void> {
    if (max > 0) await this.#makeRoom(max - 1);
    const { cluster, namespace, signal, now, packChart } = this.#options;
    const secret = encodeRelease(release, { createdAt: now(), ...(packChart === undefined ? {} : { packChart }) });
    await cluster.create(inNamespace(secret, namespace), { fieldManager: FIELD_MANAGER, signal });
    this.#wrote(release, { createdAt: secret.metadata.labels?.['createdAt'] ?? '' });
  }

  async update(release: Release): Promise<void> {
    const { cluster, namespace, signal, now, packChart } = this.#options;
    const { createdAt: since, ...labels } = this.#revisions.get(release.version)?.labels ?? {};
    const secret = encodeRelease(release, {
      labels,
      modifiedAt: now(),
      ...(packChart === undefined ? {} : { packChart }),
      ...(since === undefined || since === '' ? {} : { createdAt: Number(since) * 1000 }),
    });
    await cluster.replace(inNamespace(secret, namespace), { fieldManager: FIELD_MANAGER, signal });
    this.#wrote(release, { ...labels, createdAt: since ?? '' });
  }

  async delete(release: Release): Promise<void> {
    const { cluster, namespace, signal } = this.#options;
    await cluster.delete(
      { apiVersion: 'v1', kind: 'Secret', namespace, name: releaseSecretName(release.name, release.version) },
      { signal },
    );
    this.#revisions.delete(release.version);
    this.#options.onWrite?.(release);
  }

  async #makeRoom(max: number): Promise<void> {
    const deployed = this.deployed();
    const surplus = this.all().filter(({ version }) => version !== deployed?.version);
    for (const release of surplus.slice(0, Math.max(0, this.#revisions.size - max))) await this.delete(release);
  }

  #wrote(release: Release, labels: Readonly<Record<string, string>>): void {
    this.#revisions.set(release.version, { release, labels });
    this.#options.onWrite?.(release);
  }
}

function readable(secret: StoredSecret): ReturnType<typeof decodeRelease> {
  try {
    return decodeRelease(secret);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(
      error.reason,
      `${error.message}; restore it from a backup, or delete it, and the release goes on from what is left`,
      {
        cause: error,
      },
    );
  }
}

function createdAt({ metadata }: KubeObject): { createdAt?: string } {
  const since = metadata.labels?.['createdAt'];
  return since === undefined ? {} : { createdAt: since };
}

/** Records may lie in another namespace than the release. */
function inNamespace<T extends KubeObject>(secret: T, namespace: string): T {
  return { ...secret, metadata: { ...secret.metadata, namespace } };
}
