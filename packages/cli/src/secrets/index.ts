/** Secrets that the controllers read: what is in them, and how they are made. */
export { applySecret } from './apply-secret.js';
export { gitSecret, type GitLogin } from './git-secret.js';
export { scanHostKeys } from './host-keys.js';
export { registrySecret } from './registry-secret.js';
export { secretOf, secretText, type PlainSecret, type SecretName } from './secret.js';
export { tlsSecret } from './tls-secret.js';
export { generateSshKeys, readSshKeys, type SshKeyPair } from './ssh-keys.js';
