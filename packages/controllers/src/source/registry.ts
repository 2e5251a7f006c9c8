import { dockerConfigLogin, type RegistryLogin } from '@sluice/sources';
import { textIn, type Secret } from './secrets.js';

/** Logs in with whichever of some Secrets knows the registry; undefined when none has logins. */
export function pullLogin(secrets: readonly Secret[]): RegistryLogin | undefined {
  const logins = secrets.flatMap((secret) => loginOf(secret) ?? []);
  if (logins.length === 0) return undefined;
  return async (repository) => {
    for (const login of logins) {
      const credentials = await login(repository);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  };
}

/** Of a docker config, or of its older form, which is but the logins of one. */
function loginOf(secret: Secret): RegistryLogin | undefined {
  const config = textIn(secret, '.dockerconfigjson');
  if (config !== undefined) return dockerConfigLogin(config);
  const old = textIn(secret, '.dockercfg');
  return old === undefined ? undefined : dockerConfigLogin(`{"auths":${old}}`);
}
