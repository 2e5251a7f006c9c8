/** An object of a bucket, as a listing has it. */
export interface BucketObject {
  readonly key: string;
  readonly size: number;
  /** Changes with the content. Without quotes. */
  readonly etag: string;
}

export interface BucketContent {
  readonly etag: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** One bucket, wherever it is. */
export interface BucketProvider {
  /** The bucket's name. */
  readonly name: string;
  exists(signal?: AbortSignal): Promise<boolean>;
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BucketObject>;
  /** Undefined when there is no such object. */
  get(key: string, signal?: AbortSignal): Promise<BucketContent | undefined>;
  close(): Promise<void>;
}
