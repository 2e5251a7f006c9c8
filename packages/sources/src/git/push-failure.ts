import { SluiceError } from '@sluice/core';
import { gitFailure } from './failure.js';
import { quoted } from './url.js';

/** The error of a push that failed, from what git wrote. */
export function pushFailure(url: string, branch: string, output: string): SluiceError {
  const to = `unable to push to the branch ${JSON.stringify(branch)} of ${quoted(url)}: `;
  if (/\((?:non-fast-forward|fetch first|stale info)\)|cannot lock ref|incorrect old value/i.test(output))
    return new SluiceError('GitPushOutdated', `${to}it has new commits`);
  const remote = remoteWords(output);
  if (/protected branch|GH006|GH013|pre-receive hook declined|not allowed to push|hook declined/i.test(output))
    return new SluiceError(
      'GitPushRefused',
      `${to}the branch is protected${remote}; let these credentials push to it, or name another branch and merge that`,
    );
  if (
    /read[- ]only|HTTP 403|error: 403|Permission to \S+ denied|Write access to repository not granted|not allowed to upload code/i.test(
      output,
    )
  )
    return new SluiceError('GitPushRefused', `${to}the credentials may only read${remote}; give them write access`);
  if (/remote rejected/i.test(output)) return new SluiceError('GitPushRefused', `${to}the server rejected it${remote}`);
  return gitFailure('unable to push to', url, output);
}

/** What the server has to say. */
function remoteWords(output: string): string {
  const lines = [...output.matchAll(/^remote:\s*(?:error:\s*)?(.*\S)\s*$/gm)]
    .map(([, line = '']) => line)
    .filter((line) => /\w/.test(line));
  const reason = /\[remote rejected\][^(]*\(([^)]*)\)/.exec(output)?.[1];
  const words = lines.length > 0 ? lines.slice(0, 3).join(' ') : reason;
  return words === undefined ? '' : `: ${words.slice(0, 500)}`;
}
