import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry } from './registry.js';

test('counters, gauges and histograms print in the text format', async () => {
  const registry = createRegistry();
  const requests = registry.counter('requests_total', 'Requests.\nAll of them.', ['code']);
  requests.increment({ code: '200' });
  requests.increment({ code: '200' }, 2);
  requests.increment({ code: 'a"b\\c\n' });
  const open = registry.gauge('open', 'Open.', ['name']);
  open.set({ name: 'x' }, 3);
  open.add({ name: 'x' }, -1);
  open.set({ name: 'y' }, 1);
  open.remove({ name: 'y' });
  const seconds = registry.histogram('seconds', 'Seconds.', ['kind'], [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 5]) seconds.observe({ kind: 'K' }, value);
  assert.equal(
    await registry.render(),
    `# HELP open Open.
# TYPE open gauge
open{name="x"} 2
# HELP requests_total Requests.\\nAll of them.
# TYPE requests_total counter
requests_total{code="200"} 3
requests_total{code="a\\"b\\\\c\\n"} 1
# HELP seconds Seconds.
# TYPE seconds histogram
seconds_bucket{kind="K",le="0.1"} 2
seconds_bucket{kind="K",le="1"} 3
seconds_bucket{kind="K",le="+Inf"} 4
seconds_sum{kind="K"} 5.65
seconds_count{kind="K"} 4
`,
  );
});

test('gauges that are read off something are read at the scrape', async () => {
  const registry = createRegistry();
  const depth = registry.gauge('depth', 'Depth.');
  let now = 1;
  registry.onScrape(() => depth.set({}, now));
  now = 7;
  assert.match(await registry.render(), /^depth 7$/m);
});

test('a name is registered once', () => {
  const registry = createRegistry();
  registry.counter('a', 'A.');
  assert.throws(() => registry.gauge('a', 'A.'), /registered twice/);
});

test('bounds of buckets are printed as Go prints them', async () => {
  const registry = createRegistry();
  const bounds = [1e-8, 9.999999999999999e-6, 9.999999999999999e-5, 0.001, 1799.9999999999986, 1e21];
  registry.histogram('seconds', 'Seconds.', [], bounds).observe({}, 2);
  const printed = [...(await registry.render()).matchAll(/le="([^"]*)"/g)].map(([, bound]) => bound);
  assert.deepEqual(printed, ['1e-08', '9.999999999999999e-06', '9.999999999999999e-05', '0.001', '1799.9999999999986', '1e+21', '+Inf']);
});

test('an info has one sample a key, with the labels that have a value', async () => {
  const registry = createRegistry();
  const info = registry.info('resource_info', 'Resources.');
  info.set('a', { name: 'a', revision: '1', ready: '' });
  info.set('b', { name: 'b' });
  info.set('a', { name: 'a', revision: '2"', ready: 'True' });
  info.remove('b');
  assert.equal(
    await registry.render(),
    '# HELP resource_info Resources.\n# TYPE resource_info gauge\nresource_info{name="a",revision="2\\"",ready="True"} 1\n',
  );
});

test('OpenMetrics has exemplars, families of counters without their suffix, and an end', async () => {
  const registry = createRegistry();
  registry.counter('passes_total', 'Passes, "all".').increment();
  const seconds = registry.histogram('seconds', 'Seconds.', ['kind'], [0.1, 1]);
  seconds.observe({ kind: 'K' }, 0.5, { labels: { trace_id: 'ab"c' }, at: 1_700_000_000_500 });
  seconds.observe({ kind: 'L' }, 5, { labels: { trace_id: 'd' }, at: 1_700_000_001_000 });
  const text = await registry.render('openmetrics');
  assert.equal(
    text,
    `# HELP passes Passes, \\"all\\".
# TYPE passes counter
passes_total 1
# HELP seconds Seconds.
# TYPE seconds histogram
seconds_bucket{kind="K",le="0.1"} 0
seconds_bucket{kind="K",le="1"} 1 # {trace_id="ab\\"c"} 0.5 1700000000.500
seconds_bucket{kind="K",le="+Inf"} 1
seconds_sum{kind="K"} 0.5
seconds_count{kind="K"} 1
seconds_bucket{kind="L",le="0.1"} 0
seconds_bucket{kind="L",le="1"} 0
seconds_bucket{kind="L",le="+Inf"} 1 # {trace_id="d"} 5 1700000001.000
seconds_sum{kind="L"} 5
seconds_count{kind="L"} 1
# EOF
`,
  );
  assert.doesNotMatch(await registry.render(), /trace_id|EOF/);
});
