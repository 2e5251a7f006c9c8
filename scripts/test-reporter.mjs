// What a test process prints: its failures, and a line that scripts/test.mjs reads.
import { inspect } from 'node:util';

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Map();
  const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') path[data.nesting] = data.name;
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    path[data.nesting] = data.name;
    const name = path.slice(0, data.nesting + 1).join(' › ');
    const isSuite = data.details?.type === 'suite';
    if (data.skip !== undefined && data.skip !== false) {
      counts.skipped++;
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : 'no reason given';
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    } else if (type === 'test:pass') {
      if (!isSuite) counts.passed++;
      if (!isSuite && process.env.SLUICE_TEST_VERBOSE) yield `✔ ${name}\n`;
    } else {
      const cause = data.details?.error?.cause ?? data.details?.error;
      // A suite, or a test with sub-tests, fails because one below it did: that one is counted.
      if (data.details?.error?.failureType === 'subtestsFailed') continue;
      counts.failed++;
      yield `✗ ${name}\n${(cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)).replace(/^/gm, '    ')}\n`;
    }
  }
  for (const [reason, count] of reasons) yield `${count} skipped: ${reason}\n`;
  yield `#summary ${counts.passed} ${counts.failed} ${counts.skipped}\n`;
}
