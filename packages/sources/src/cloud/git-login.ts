import { SluiceError } from '@sluice/core';
import { sign, type S3Credentials } from '../bucket/signature.js';
import type { GitCredentials } from '../git/credentials.js';
import type { GitUrl } from '../git/url.js';
import { awsCredentials } from './aws.js';
import { azureToken } from './azure.js';
import type { CloudAccess, Renewed } from './exchange.js';

/** Who this process is at the Git servers of a cloud. */
export type CloudGitLogin = (url: GitUrl, signal?: AbortSignal) => Promise<GitCredentials>;

/** What tokens for Azure DevOps are asked for; the same everywhere. */
const azureDevOps = '499b84ac-1321-427f-aa17-267ca6975798';

/** Logs in to AWS CodeCommit, or Azure DevOps, by the identity of the workload or the machine. */
export function cloudGitLogin(provider: 'aws' | 'azure', access: CloudAccess = {}): CloudGitLogin {
  if (provider === 'azure') {
    const token = azureToken(azureDevOps, access);
    return async (_, signal) => ({ bearerToken: await token(signal), holder: 'azure' });
  }
  const { now = Date.now } = access;
  const keys = new Map<string, Renewed<S3Credentials>>();
  return async (url, signal) => {
    const region = codeCommitRegion(url);
    const own = keys.get(region) ?? awsCredentials(region, access);
    keys.set(region, own);
    return codeCommitCredentials(url, region, await own(signal), new Date(now()));
  };
}

/** User and password that are good for a quarter of an hour: the password is a signature of the address. */
export function codeCommitCredentials(
  { address }: Pick<GitUrl, 'address'>,
  region: string,
  { accessKey, secretKey, sessionToken }: S3Credentials,
  now: Date,
): GitCredentials {
  const { pathname, host } = new URL(address);
  const time = now.toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');
  const canonical = ['GIT', pathname, '', `host:${host}`, '', 'host', ''].join('\n');
  const { signature } = sign(canonical, secretKey, { time, region, service: 'codecommit' });
  return {
    username: sessionToken === undefined ? accessKey : `${accessKey}%${sessionToken}`,
    password: `${time}Z${signature}`,
    holder: 'aws',
  };
}

function codeCommitRegion({ protocol, host }: GitUrl): string {
  if (protocol !== 'https') throw new SluiceError('GitCredentialsInvalid', 'AWS CodeCommit authentication requires an HTTPS Git URL');
  const region = /^git-codecommit(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
  if (region === undefined) throw new SluiceError('GitCredentialsInvalid', `invalid AWS CodeCommit Git URL: ${host}`);
  return region;
}
