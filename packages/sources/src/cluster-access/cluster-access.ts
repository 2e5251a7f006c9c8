import type { S3Credentials } from '../bucket/signature.js';
import type { CloudAccess, Lasting, Renewed } from '../cloud/exchange.js';

/** A cluster that a cloud runs, as a ConfigMap describes it. */
export interface CloudCluster {
  /** Its name in the cloud's API. */
  readonly cluster?: string | undefined;
  /** Of its API server, where the cloud need not be asked for it. */
  readonly address?: string | undefined;
  /** In PEM; likewise. */
  readonly authority?: string | undefined;
}

/** Where an API server is, and whom it trusts. */
export interface ClusterEndpoint {
  readonly server: string;
  /** In PEM; the public authorities when absent. */
  readonly authority: string | undefined;
}

/** The way to a cluster. */
export interface ClusterAccess {
  /** Asks the cloud for what the description leaves out. */
  endpoint(signal?: AbortSignal): Promise<ClusterEndpoint>;
  /** Makes a token that its API server takes. One that is kept elsewhere is to be asked for each time: it expires at once. */
  token(signal?: AbortSignal): Promise<Lasting<string>>;
}

/** Who asks. */
export interface ClusterIdentity {
  awsKeys(region: string, access: CloudAccess): Renewed<S3Credentials>;
  azure(scope: string, access: CloudAccess): Renewed<string>;
  google(scope: string, access: CloudAccess): Renewed<string>;
}

/** What is given, and what a cloud says of the rest. */
export function endpointOf({ address, authority }: CloudCluster, described: ClusterEndpoint): ClusterEndpoint {
  return { server: address ?? described.server, authority: authority ?? described.authority };
}

/** Whether there is no need to ask a cloud. */
export function isDescribed(cluster: CloudCluster): cluster is CloudCluster & { readonly address: string; readonly authority: string } {
  return cluster.address !== undefined && cluster.authority !== undefined;
}
