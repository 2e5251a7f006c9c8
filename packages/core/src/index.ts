/**
 * What every layer speaks: plain JSON, Kubernetes objects as plain JSON, read-only file trees, and errors with a reason.
 *
 * @module
 */
export { TarHeaders, readTarFiles, tarBlockSize, tarChecksum, tarInvalid, tarPadding, type TarHeader } from './archive/tar.js';
export { deadlineSignal, startDeadline, withDeadline } from './deadline.js';
export { formatDuration, parseDuration, quoteTimeText } from './duration.js';
export { ErrorReasons, SluiceError, errorMessage, withoutCredentials, type ErrorPlace, type ErrorReason } from './errors.js';
export { age, humanDuration } from './human-duration.js';
export { parseIpAddress } from './ip-address.js';
export { deepEqual, goJson, isJsonObject, printJson, setOwn, withGoEscapes, type Json, type JsonObject } from './json.js';
export {
  groupOf,
  objectId,
  versionOf,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectMeta,
  type OwnerReference,
} from './kube-object.js';
export { parseLabelSelector, type LabelSelector } from './label-selector.js';
export { printSpans, type Attributes, type Span, type SpanOrigin } from './otlp/spans.js';
export { compareQuantities, formatQuantity, parseQuantity, type Quantity, type QuantityFault } from './quantity.js';
export { requestAnnotations } from './request-annotations.js';
export { OPENSSH_KEY_MAGIC, SshReader, sshNumber, sshString } from './ssh-wire.js';
export { directoryTree } from './tree/directory-tree.js';
export type { FileTree, TreeEntry } from './tree/file-tree.js';
export { memoryTree } from './tree/memory-tree.js';
export { baseName, dirName, joinPath, normalizePath } from './tree/path.js';
export { recordingTree, type RecordingTree, type TreeReads } from './tree/recording-tree.js';
export { subTree } from './tree/sub-tree.js';
export * as x509 from './x509/index.js';
