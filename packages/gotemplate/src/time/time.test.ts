import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { sprintf } from '../fmt/printf.js';
import { GoTime } from '../values/values.js';
import { formatTime, timeText } from './format.js';
import { parseGoTime } from './parse.js';
import { fixedZone, loadZone, UTC } from './zone.js';

const RFC3339 = '2006-01-02T15:04:05.999999999Z07:00';

describe('times as package time has them', () => {
  test('what is formatted parses as what it was', () => {
    const times = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9998-01-01T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: -720, max: 840 }), (date, nanoseconds, minutes) => {
        const zone = minutes === 0 ? UTC : fixedZone('', minutes * 60);
        const time = new GoTime(date, nanoseconds, zone);
        assert.equal(parseGoTime(RFC3339, formatTime(time, RFC3339)).unixNanoseconds, time.unixNanoseconds);
        assert.equal(formatTime(parseGoTime(RFC3339, formatTime(time, RFC3339)), RFC3339), formatTime(time, RFC3339));
      }),
    );
  });

  test('a day is as long as the zone makes it', () => {
    const berlin = loadZone('Europe/Berlin');
    assert.ok(berlin);
    const spring = new GoTime(new Date('2024-03-31T00:59:59Z')).in(berlin);
    assert.equal(timeText(spring), '2024-03-31 01:59:59 +0100 CET');
    assert.equal(timeText(spring.add(1_000_000_000n)), '2024-03-31 03:00:00 +0200 CEST');
  });

  test('a time prints as a text, as the call that makes it, or as the fields that it has', () => {
    const time = new GoTime(new Date('2021-03-04T05:06:07.008Z'), 9);
    const print = (format: string): string => sprintf(format, [time]);
    assert.equal(print('%v'), '2021-03-04 05:06:07.008000009 +0000 UTC');
    assert.equal(print('%#v'), 'time.Date(2021, time.March, 4, 5, 6, 7, 8000009, time.UTC)');
    assert.equal(print('%d'), '{8000009 63750431167 0}');
  });

  for (const name of ['Nowhere/Land', '../etc/passwd', 'europe berlin', '']) {
    test(`there is no zone ${JSON.stringify(name)}`, () => assert.equal(loadZone(name), name === '' ? UTC : undefined));
  }

  const faults: readonly (readonly [layout: string, text: string, message: RegExp])[] = [
    ['2006-01-02', '2024-13-01', /month out of range/],
    ['2006-01-02', '2023-02-29', /day out of range/],
    ['15:04:05', '12:60:00', /minute out of range/],
    ['2006-01-02', '2024-01-02x', /extra text: "x"/],
    ['Jan 2', 'Foo 2', /cannot parse "Foo 2" as "Jan"/],
  ];
  for (const [layout, text, message] of faults) {
    test(`${text} is not a time in ${layout}`, () => assert.throws(() => parseGoTime(layout, text), message));
  }
});
