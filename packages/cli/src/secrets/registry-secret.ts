import { secretOf, type PlainSecret, type SecretName } from './secret.js';

export interface RegistryLogin extends SecretName {
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** A Secret with which images and artifacts are pulled, in the format of Docker's configuration. */
export function registrySecret({ registry, username, password, ...name }: RegistryLogin): PlainSecret {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const config = { auths: Object.fromEntries([[registry, { username, password, auth }]]) };
  return secretOf(name, { '.dockerconfigjson': JSON.stringify(config, undefined, 2) }, 'kubernetes.io/dockerconfigjson');
}
