export { awsKmsKeys, type AwsKmsOptions } from './aws-kms.js';
export { azureKeyVaultKeys } from './azure-key-vault.js';
export { googleKmsKeys } from './google-kms.js';
export type { KeyService } from './key-service.js';
export { vaultKeys } from './vault.js';
