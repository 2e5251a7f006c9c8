import { SluiceError } from '@sluice/core';
import type { Fetch } from '../http.js';

/**
 * A {@link Fetch} that refuses to write once leadership is no longer sure. Put under a cluster it holds back whatever a process that
 * was paused, or cut off, still had in its hands when it comes back.
 */
export function fence(fetch: Fetch, isLeader: () => boolean): Fetch {
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD' && !isLeader()) {
      const path = request.path.split('?', 1)[0];
      return Promise.reject(new SluiceError('LeadershipLost', `${request.method} ${path} was not sent: this process no longer leads`));
    }
    return fetch(request);
  };
}
