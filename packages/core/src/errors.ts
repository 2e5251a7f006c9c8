/**
 * Every reason that an error of the project can have, with what it means. A reason is stable and may be matched on;
 * messages are for people and may change.
 */
export const ErrorReasons = {
  // files and trees
  FileNotFound: 'A file or directory that something refers to is not there.',
  PathEscapes: 'A path, or a symbolic link on it, leaves the tree it belongs to.',
  FileInvalid: 'A file is not what is needed: a directory, a device, too large, not text.',
  // YAML and JSON
  YamlInvalid: 'A document does not parse.',
  YamlTooComplex: 'A document is over a limit: depth, aliases, size.',
  // versions
  VersionInvalid: 'A version or a version constraint does not parse.',
  // kustomize builds
  KustomizationInvalid: 'A kustomization file, or a file of settings that it names, says something wrong.',
  ManifestInvalid: 'A manifest is not a Kubernetes object, or not of a shape that can be processed.',
  ResourceConflict: 'Two resources of a build have the same identity, or should merge and can not.',
  PatchInvalid: 'A patch does not parse, or does not apply.',
  PatchTargetNotFound: 'A patch, replacement or replica count is for no resource, or for more than one.',
  ReferenceAmbiguous: 'A name or a variable may refer to more than one resource, or to none.',
  BaseCycle: 'A base contains the kustomization that uses it.',
  BuildRefused: 'A build needs what is not allowed: a plugin, a remote base, Helm.',
  RegexInvalid: 'A regular expression does not parse.',
  // the Kubernetes API
  KubeRefused: 'The Kubernetes API answered with an error; its code and status say which.',
  KubeUnreachable: 'No answer came from the Kubernetes API: refused, reset, unknown host, TLS.',
  KubeTimeout: 'A call to the Kubernetes API did not end in its time.',
  KubeAnswerInvalid: 'The Kubernetes API, or what is in front of it, answered with something that is not an answer.',
  KubeKindUnknown: 'The Kubernetes API does not serve a kind.',
  KubeRequestInvalid: 'A request that can not be made: no name, no namespace, a name that is not one.',
  KubeconfigInvalid: 'A kubeconfig does not say what is needed, or refers to what is not there.',
  KubeconfigRefused: 'A kubeconfig asks for something that is not allowed: a command, a plugin.',
  KubeCredentialsFailed: 'Credentials for the Kubernetes API could not be had.',
  InformerStopped: 'An informer was stopped while someone waited for it.',
  SelectorInvalid: 'A label or field selector does not parse.',
  LeadershipLost: 'Another process leads, or may: what only the leader does was not done.',
  HealthExpressionInvalid: 'A health check expression does not compile, or fails on an object.',
  // the embedded cluster
  StoreLocked: 'The store of the embedded cluster is in use by another process.',
  StoreFailed: 'The store of the embedded cluster cannot be opened or written.',
  PortInUse: 'A port that something should listen on is taken.',
  // sources
  GitUrlRefused: 'A Git address that is malformed, or of a kind that is not allowed.',
  GitReferenceInvalid: 'A Git reference that is not one: a branch, tag or commit by an impossible name.',
  GitReferenceMissing: 'A branch, tag or commit is not in the repository.',
  GitRepositoryMissing: 'There is no Git repository at an address, or it is hidden from these credentials.',
  GitRepositoryEmpty: 'A Git repository has no commits.',
  GitAuthenticationFailed: 'A Git server wants other credentials than it was given.',
  GitCredentialsInvalid: 'The credentials for a Git repository lack something, or do not parse.',
  GitHostUnknown: 'The host key of a Git server is not the known one.',
  GitUnreachable: 'No answer came from a Git server: refused, reset, unknown host, TLS.',
  GitTimeout: 'A Git operation did not end in its time.',
  GitTooLarge: 'A Git repository, or a file in it, is over its limit.',
  GitTreeUnsafe: 'A Git tree holds names that would harm whoever checks it out.',
  GitFailed: 'A Git operation failed for a reason of its own.',
  GitPushOutdated: 'A branch has new commits, so that nothing else can be pushed to it before they are taken in.',
  GitPushRefused: 'A Git server does not take a push: a protected branch, credentials that may only read, a rule of the server.',
  GitMissing: 'The program git is not installed.',
  SourceSettingsInvalid: 'The address, the credentials or the settings of a registry, Helm repository or bucket are not what they must be.',
  SourceUnreachable: 'No answer came from a registry, Helm repository or bucket: refused, reset, unknown host, TLS.',
  SourceTimeout: 'A registry, Helm repository or bucket did not answer in its time.',
  SourceAuthenticationFailed: 'A registry, Helm repository or bucket wants other credentials than it was given.',
  SourceNotFound: 'A repository, tag, layer, index, chart, bucket or object is not there, or is hidden from these credentials.',
  SourceRefused: 'A registry, Helm repository or bucket answered with an error.',
  SourceAnswerInvalid: 'A registry, Helm repository or bucket answered with something that is not an answer.',
  SourceTooLarge: 'What a registry, Helm repository or bucket sends is over its limit.',
  SignatureInvalid: 'A signature is missing, does not match, or is by nobody who is trusted.',
  ArchiveInvalid: 'An archive does not parse, or holds what it must not: links, devices, paths out of it.',
  ArchiveTooLarge: 'An archive is over its limit, packed or unpacked.',
  ArtifactMissing: 'An artifact is not in the store.',
  ArtifactCorrupt: 'An artifact is not what its digest says.',
  ArtifactUnavailable: 'An artifact could not be fetched.',
  // templates
  TemplateInvalid: 'A template does not parse.',
  TemplateFailed: 'A template stopped with an error: its own, or of a function that it calls.',
  TemplateOverLimit: 'A template takes too long, puts out too much, or calls itself without end.',
  // charts and releases
  ChartInvalid: 'A chart, or a file of it, is not what a chart must be.',
  ChartIncompatible: 'A chart wants another version of Kubernetes.',
  ValuesInvalid: 'Values for a chart do not parse, or are not what the chart says they must be.',
  ReleaseInvalid: 'A release can not be: its name, or what is stored of it.',
  RenderFailed: 'A template of a chart failed, or what it rendered is not what it must be.',
  RenderTimeout: 'Rendering a chart took too long, or more memory than it may.',
  // notifications and webhooks
  EventInvalid: 'An event is not one, or lacks what a provider needs of it.',
  ProviderInvalid: 'A provider of notifications has settings or credentials that can not be.',
  ProviderFailed: 'A provider of notifications did not take a message.',
  WebhookRefused: 'A webhook is not from whom it says, or is not one that is wanted.',
  // what is observed
  TracingInvalid: 'The settings of OpenTelemetry, which the environment has, are not what they must be.',
  // SOPS
  SopsFileInvalid: 'A file does not parse as what it is said to be, or can not be encrypted.',
  SopsMetadataMissing: 'A file has no SOPS metadata: it is not encrypted.',
  SopsMetadataInvalid: 'The SOPS metadata of a file is not what it must be.',
  SopsKeyMissing: 'No private key at hand opens an encrypted file.',
  SopsKeyInvalid: 'A private key does not parse, or is of a kind that can not be used.',
  SopsValueInvalid: 'An encrypted value does not decrypt: it was changed, moved, or is not encrypted at all.',
  SopsMacMismatch: 'The content of an encrypted file is not what was encrypted.',
  SopsSettingsInvalid: 'The keys or rules to encrypt with are not what they must be.',
  // CEL
  CelInvalid: 'A CEL expression does not compile, or cannot give the type that is needed.',
  CelFailed: 'A CEL expression has no value for the data it was given, or costs too much.',
} as const;

/** A reason from the catalogue. */
export type ErrorReason = keyof typeof ErrorReasons;

/** Where in the user's files an error comes from. Lines and columns count from 1. */
export interface ErrorPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * An error for a person: a reason from the catalogue, a message that says what to do, and the place it comes from. Messages end up in
 * conditions, events and logs: credentials in an address are not part of them, whoever quotes it.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly reason: ErrorReason;
  readonly place: ErrorPlace;

  constructor(reason: ErrorReason, message: string, options: { place?: ErrorPlace; cause?: unknown } = {}) {
    super(withoutCredentials(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.place = options.place ?? {};
  }
}

/** A text with addresses whose passwords, and users of the web's, who may be tokens, are not shown. */
export function withoutCredentials(text: string): string {
  return text.includes('@')
    ? text.replaceAll(/\b(?:(https?:\/\/)[^\s/'"@]+|([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/'":@]*:)[^\s/'"@]*)@(?:[^\s/'"@]*@)*/gi, '$1$2***@')
    : text;
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
