import { goJson, SluiceError } from '@sluice/core';
import type { HttpAnswer, HttpRequest, Outlet } from './outlet.js';

export interface Post {
  readonly url: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: 'POST' | 'PUT';
  /** Says what is wrong with an answer whose status is fine. */
  readonly fault?: (answer: HttpAnswer) => string | undefined;
}

/**
 * Sends JSON and wants a status of success.
 *
 * @throws {SluiceError} `ProviderFailed`
 */
export async function postJson(outlet: Outlet, post: Post): Promise<void> {
  await postText(
    outlet,
    {
      method: post.method ?? 'POST',
      url: post.url,
      headers: { 'Content-Type': 'application/json', ...post.headers },
      body: goJson(post.body),
    },
    post.fault,
  );
}

/** As {@link postJson}, for what is not JSON. */
export async function postText(outlet: Outlet, request: HttpRequest, fault?: Post['fault']): Promise<void> {
  const answer = await outlet.send(request);
  const text = isSuccess(answer) ? fault?.(answer) : `request failed with status code ${answer.status}: ${answer.body}`;
  if (text !== undefined) throw new SluiceError('ProviderFailed', `postMessage failed: request failed: ${text}`);
}

/** What a provider answered, when it should have been JSON; fails with the status where that is one of failure. */
export async function callJson(outlet: Outlet, what: string, request: HttpRequest): Promise<unknown> {
  const answer = await outlet.send(request);
  if (!isSuccess(answer)) throw new SluiceError('ProviderFailed', `${what}: status code ${answer.status}: ${answer.body}`);
  return answerJson(answer);
}

/** The JSON of an answer; undefined when it is none. */
export function answerJson(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.body) as unknown;
  } catch {
    return undefined;
  }
}

export function isSuccess(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}
