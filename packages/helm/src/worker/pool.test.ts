import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool } from './pool.js';

class Member {
  isDead = false;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  async stop(): Promise<void> {
    this.isDead = true;
  }
}

function poolOf(usual: number, most: number): { pool: Pool<Member>; made: Member[] } {
  const made: Member[] = [];
  const make = (): Member => {
    const member = new Member(made.length);
    made.push(member);
    return member;
  };
  return { pool: new Pool({ make, usual, most, patience: 100 }), made };
}

const alive = (made: readonly Member[]): number[] => made.filter(({ isDead }) => !isDead).map(({ id }) => id);

describe('a pool', () => {
  test('makes members when they are needed, and the usual number of them', async () => {
    const { pool, made } = poolOf(2, 4);
    const first = await pool.take();
    pool.giveBack(first);
    assert.equal(await pool.take(), first);
    const second = await pool.take();
    const third = pool.take();
    pool.giveBack(second);
    assert.equal(await third, second);
    assert.equal(made.length, 2);
  });

  test('makes another one where a job holds up the others, and lets it go afterwards', async (context) => {
    const now = mock.method(performance, 'now', () => 0);
    context.after(() => now.mock.restore());
    mock.timers.enable({ apis: ['setTimeout'] });
    context.after(() => mock.timers.reset());
    const pass = (time: number): void => {
      now.mock.mockImplementation(() => time);
      mock.timers.tick(101);
    };
    const { pool, made } = poolOf(1, 3);
    const long = await pool.take();
    const waits = [pool.take(), pool.take()];
    await turn();
    assert.equal(made.length, 1);
    pass(101);
    const second = await waits[0]!;
    assert.deepEqual(alive(made), [0, 1]);
    // One that is held up makes room for one more, and not for a third.
    await turn();
    assert.equal(made.length, 2);
    pool.giveBack(second);
    assert.equal(await waits[1], second);
    // While the long job goes on, the other one stays for those that come.
    pool.giveBack(second);
    assert.equal(await pool.take(), second);
    pass(202);
    const third = await pool.take();
    // As many as there may be are all held up.
    pass(404);
    const late = pool.take();
    assert.deepEqual(alive(made), [0, 1, 2]);
    pool.giveBack(third);
    assert.equal(await late, third);
    // One of the two that are left is held up itself.
    pool.giveBack(long);
    assert.deepEqual(alive(made), [1, 2]);
    pool.giveBack(second);
    pool.giveBack(third);
    assert.deepEqual(alive(made), [2]);
  });

  test('makes another one in the place of one that ended', async () => {
    const { pool, made } = poolOf(1, 1);
    const first = await pool.take();
    const next = pool.take();
    await first.stop();
    pool.giveBack(first);
    assert.notEqual(await next, first);
    assert.equal(made.length, 2);
  });

  test('forgets who gives up waiting', async () => {
    const { pool, made } = poolOf(1, 1);
    const first = await pool.take();
    const controller = new AbortController();
    const given = pool.take(controller.signal);
    const next = pool.take();
    controller.abort(new Error('given up'));
    await assert.rejects(given, { message: 'given up' });
    pool.giveBack(first);
    assert.equal(await next, first);
    assert.equal(made.length, 1);
  });

  test('that is closed has nothing for anybody', async () => {
    const { pool, made } = poolOf(1, 1);
    const first = await pool.take();
    const waits = assert.rejects(pool.take(), { message: 'closed' });
    await pool.close(new Error('closed'));
    await waits;
    await assert.rejects(pool.take(), { message: 'closed' });
    pool.giveBack(first);
    assert.deepEqual(alive(made), []);
  });
});
