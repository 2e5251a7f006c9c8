/**
 * Where manifests come from, and the store of the artifacts that are made of them.
 *
 * - {@link createGitClient}: Git repositories over the system's git.
 * - {@link createS3Bucket}, {@link createAzureBucket}, {@link createGcsBucket}, {@link readBucketIndex}, {@link checkoutBucket}: buckets.
 * - {@link awsCredentials}, {@link azureToken}, {@link googleToken}, {@link cloudRegistryLogin}: identities of clouds.
 * - {@link createHelmRepository}, {@link parseHelmIndex}: Helm repositories over HTTP.
 * - {@link createOciClient}: repositories of OCI registries.
 * - {@link buildLocalChart}, {@link buildRemoteChart}: charts, packaged.
 * - {@link eksCluster}, {@link aksCluster}, {@link gkeCluster}: clusters that clouds run.
 * - {@link awsKmsKeys}, {@link azureKeyVaultKeys}, {@link googleKmsKeys}, {@link vaultKeys}: services that hold keys of SOPS files.
 * - {@link openRemoteBases}: what kustomizations name by a URL.
 * - {@link openArtifactStore}, {@link artifactHandler}: artifacts on disk, and over HTTP.
 *
 * @module
 */
export { buildArtifact, diffArtifact, extractArtifact, type BuildArtifactOptions, type TreeDifference } from './artifact/build.js';
export { directorySource, type DirectoryOptions } from './artifact/directory.js';
export { fetchArtifact, type FetchArtifactOptions } from './artifact/fetch.js';
export { artifactHandler } from './artifact/handler.js';
export { withInclude } from './artifact/include.js';
export { sourceTreeOf, type SourceEntry, type SourceTree } from './artifact/source-tree.js';
export {
  openArtifactStore,
  type ArtifactOwner,
  type ArtifactStore,
  type ArtifactStoreOptions,
  type PutFileOptions,
  type PutOptions,
} from './artifact/store.js';
export {
  createGitClient,
  type GitCheckout,
  type GitClient,
  type GitClientOptions,
  type GitRequest,
  type ResolvedRevision,
} from './git/client.js';
export { shortMessage, type GitCommit, type GitTag } from './git/commit.js';
export { credentialsFromSecret, needsPassphrase, type GitCredentials } from './git/credentials.js';
export { createGitHubTokens, gitHubAppFromSecret, type GitHubApp, type GitHubTokens } from './git/github-app.js';
export type { GitReference } from './git/reference.js';
export { trustedKeysFromSecret, verifySignature, type TrustedKeys } from './git/verify.js';
export { openpgpSigner, sshSigner } from './git/commit-signers.js';
export { openWorkTree, type CommitSigner, type GitWorkTree, type NewCommit, type WorkTreeOptions } from './git/work-tree.js';
export { parseGitUrl, type GitUrl } from './git/url.js';
export { ChartBuildError, chartBuildSummary, type ChartBuild, type ChartBuildOptions, type ChartBuildStage } from './chart/build.js';
export type { ChartRepositoryFinder } from './chart/dependencies.js';
export { buildLocalChart, type LocalChartOptions } from './chart/local.js';
export { ociCharts } from './chart/oci-charts.js';
export { packageChart } from './chart/package.js';
export { buildRemoteChart, type RemoteChartOptions } from './chart/remote.js';
export { httpCharts, type ChartCall, type ChartRepository, type SignatureCheck } from './chart/repository.js';
export {
  checkoutBucket,
  readBucketIndex,
  type BucketCheckout,
  type BucketIndex,
  type CheckoutBucketOptions,
  type ReadBucketOptions,
} from './bucket/checkout.js';
export { createAzureBucket, type AzureBlobCredentials, type AzureBlobOptions } from './bucket/azure.js';
export { createGcsBucket, type GcsOptions } from './bucket/gcs.js';
export { azureCredentialsFromSecret, googleTokenFromSecret } from './bucket/secrets.js';
export type { CloudAccount } from './cloud/account.js';
export { awsCredentials, ldapCredentials, type LdapIdentity } from './cloud/aws.js';
export { azureScopes, azureToken, managedIdentityToken, servicePrincipalToken, type AzureServicePrincipal } from './cloud/azure.js';
export type { CloudAccess, Renewed } from './cloud/exchange.js';
export { googleScopes, googleToken, serviceAccountToken } from './cloud/google.js';
export { cloudGitLogin, type CloudGitLogin } from './cloud/git-login.js';
export {
  aksCluster,
  clusterAddress,
  eksCluster,
  gkeCluster,
  type CloudCluster,
  type ClusterAccess,
  type ClusterIdentity,
} from './cluster-access/index.js';
export { awsKmsKeys, azureKeyVaultKeys, googleKmsKeys, vaultKeys, type AwsKmsOptions, type KeyService } from './key-service/index.js';
export { cloudRegistryLogin, type CloudProvider } from './cloud/registry-login.js';
export type { BucketContent, BucketObject, BucketProvider } from './bucket/provider.js';
export { createS3Bucket, type S3Options } from './bucket/s3.js';
export type { S3Credentials } from './bucket/signature.js';
export { defaultMatcher, ignoreFileName, parsePatterns, type IgnoreMatcher } from './ignore/ignore.js';
export { guardedLookup, refuseLinkLocal } from './http/link-local.js';
export { createHttpTransport, type HttpAccess, type HttpTransport, type WebAnswer } from './http/transport.js';
export {
  describeArtifact,
  extractLayer,
  fluxArtifact,
  fluxMediaTypes,
  listArtifacts,
  type ArtifactDescription,
  type ArtifactFilter,
  type ExtractLimits,
  type FluxArtifact,
} from './oci/artifact.js';
export {
  createOciClient,
  type OciCall,
  type OciClient,
  type OciClientOptions,
  type OciPush,
  type OciSelector,
  type PulledArtifact,
  type ResolvedOci,
} from './oci/client.js';
export { verifyCosign, verifyCosignKeyless } from './oci/cosign.js';
export type { CosignIdentity, CosignKeylessOptions, CosignSigner } from './oci/sigstore.js';
export { dockerConfigLogin, type DockerConfigOptions, type RegistryCredentials, type RegistryLogin } from './oci/docker-config.js';
export type { OciDescriptor, OciManifest } from './oci/manifest.js';
export { parseTrustPolicy } from './oci/notation/policy.js';
export { verifyNotation, type NotationOptions } from './oci/notation/verify.js';
export { parseOciReference, parseOciUrl, type OciReference, type OciRepository } from './oci/reference.js';
export { createHelmRepository, type FetchedIndex, type HelmRepository, type HelmRepositoryOptions } from './helm-repository/client.js';
export {
  findChart,
  indexRevision,
  parseHelmIndex,
  printHelmIndex,
  type ChartVersion,
  type HelmIndex,
} from './helm-repository/helm-index.js';
export { verifyProvenance } from './helm-repository/provenance.js';
export { openRemoteBases, type BuildBases, type RemoteBases, type RemoteBasesOptions } from './remote-base/remote-bases.js';
