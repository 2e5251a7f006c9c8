import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  awsCredentials,
  awsKmsKeys,
  azureKeyVaultKeys,
  azureScopes,
  azureToken,
  googleKmsKeys,
  googleScopes,
  googleToken,
  vaultKeys,
  type KeyService,
} from '@sluice/sources';

type Environment = Readonly<Record<string, string | undefined>>;

/** Services that hold keys, with the credentials of this person's environment. None is asked before a file wants it. */
export function keyServices(environment: Environment, home: string = environment['HOME'] ?? homedir()): KeyService[] {
  const access = { env: environment };
  return [
    vaultKeys(() => vaultToken(environment, home), 'VAULT_TOKEN, ~/.vault-token', access),
    awsKmsKeys({ credentials: (region) => awsCredentials(region, access), origin: 'the AWS identity of the environment', access }),
    azureKeyVaultKeys(azureToken(azureScopes.keyVault, access), 'the Azure identity of the environment', access),
    googleKmsKeys(googleToken(access, googleScopes.keys), 'the Google identity of the environment', access),
  ];
}

async function vaultToken(environment: Environment, home: string): Promise<string> {
  const token = environment['VAULT_TOKEN'];
  if (token !== undefined && token !== '') return token;
  const file = join(home, '.vault-token');
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => {
      throw new Error('there is no token for Vault: set VAULT_TOKEN, or log in with `vault login`');
    },
  );
}
