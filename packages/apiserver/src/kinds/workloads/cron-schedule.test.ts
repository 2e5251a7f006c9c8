import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRun, parseSchedule, type CronSchedule } from './cron-schedule.js';

function schedule(text: string): CronSchedule {
  const parsed = parseSchedule(text);
  assert.ok(typeof parsed !== 'string', text);
  return parsed;
}

test('the next run is when the schedule says', () => {
  const cases: [text: string, after: string, expected: string | undefined, zone?: string][] = [
    ['* * * * *', '2026-01-01T00:00:30Z', '2026-01-01T00:01:00.000Z'],
    ['*/15 9-17 * * mon-fri', '2026-01-02T17:45:00Z', '2026-01-05T09:00:00.000Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 1 * 0', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00.000Z'],
    ['0 0 30 2 *', '2026-01-01T00:00:00Z', undefined],
    ['@hourly', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00.000Z'],
    ['@every 90m', '2026-01-01T00:00:00Z', '2026-01-01T01:30:00.000Z'],
    ['30 6 * * *', '2026-06-30T00:00:00Z', '2026-06-30T04:30:00.000Z', 'Europe/Berlin'],
    ['0 12 * JAN,jul ?', '2026-02-01T00:00:00Z', '2026-07-01T12:00:00.000Z'],
  ];
  for (const [text, after, expected, zone] of cases) {
    assert.equal(nextRun(schedule(text), new Date(after), zone)?.toISOString(), expected, text);
  }
});

test('what is no schedule is refused in the words of the library', () => {
  const cases: [text: string, expected: string][] = [
    ['often', 'expected exactly 5 fields, found 1: [often]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['0 0 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['@never', 'unrecognized descriptor: @never'],
  ];
  for (const [text, expected] of cases) assert.equal(parseSchedule(text), expected, text);
});
