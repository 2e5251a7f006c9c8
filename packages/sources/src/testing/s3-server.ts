import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { signedHeaders, type S3Credentials } from '../bucket/signature.js';
import { listen, type TestServer } from './https-server.js';

/** What is in it, what was asked, and what goes wrong. */
export interface TestBucket {
  readonly objects: Map<string, string>;
  readonly requests: string[];
  intercept: (url: string) => [status: number, body: string, headers?: Record<string, string>] | undefined;
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
export const etagOf = (text: string): string => createHash('md5').update(text).digest('hex');

/** A server of one bucket named `fleet`, in path style, that gives two objects a page. Who signs must sign rightly. */
export async function serveBucket(bucket: TestBucket, credentials: S3Credentials | undefined): Promise<TestServer> {
  return listen((request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    bucket.requests.push(`${request.method} ${request.url}`);
    const answer = bucket.intercept(request.url ?? '');
    if (answer !== undefined) return void response.writeHead(answer[0], answer[2]).end(request.method === 'HEAD' ? undefined : answer[1]);
    if (credentials !== undefined) {
      const expected = signedHeaders(
        { method: request.method ?? '', url },
        credentials,
        'eu-test-1',
        timeOf(request.headers['x-amz-date']),
      );
      if (request.headers.authorization !== expected.authorization) {
        const told = /eu-test-1/.test(request.headers.authorization ?? '') ? {} : { 'x-amz-bucket-region': 'eu-test-1' };
        const status = Object.keys(told).length > 0 ? 400 : 403;
        return void response.writeHead(status, told).end('<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>');
      }
    }
    const [, name = '', key = ''] = /^\/([^/]*)\/(.*)$/.exec(url.pathname) ?? [];
    if (name !== 'fleet')
      return void response.writeHead(404).end('<Error><Code>NoSuchBucket</Code><Message>The bucket is not there</Message></Error>');
    if (key === '' && request.method === 'HEAD') return void response.end();
    if (key === '') {
      assert.equal(url.searchParams.get('list-type'), '2');
      const keys = [...bucket.objects.keys()].filter((each) => each.startsWith(url.searchParams.get('prefix') ?? '')).sort();
      const from = Number(url.searchParams.get('continuation-token') ?? 0);
      const page = keys.slice(from, from + 2);
      const more = from + 2 < keys.length;
      return void response.end(
        `<?xml version="1.0"?>\n<ListBucketResult xmlns="x"><Name>fleet</Name><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : ''}${page
          .map((each) => {
            const text = bucket.objects.get(each) ?? '';
            return `<Contents><Key>${escapeXml(each)}</Key><ETag>&quot;${etagOf(text)}&quot;</ETag><Size>${text.length}</Size></Contents>`;
          })
          .join('')}</ListBucketResult>`,
      );
    }
    const text = bucket.objects.get(decodeURIComponent(key));
    if (text === undefined)
      return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>The key is not there</Message></Error>');
    response.writeHead(200, { etag: `"${etagOf(text)}"` }).end(text);
  });
}

/** Of `20130524T000000Z`. */
function timeOf(header: string | readonly string[] | undefined): Date {
  return new Date(String(header).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
}
