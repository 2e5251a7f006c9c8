import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandOf, parseLine, type CommandSpec } from './index.js';

const load = () => Promise.resolve({ run: () => Promise.resolve() });
const root: CommandSpec = {
  name: 'flux',
  short: 'test',
  persistentFlags: [
    { name: 'namespace', shorthand: 'n', type: 'string', usage: 'where', default: 'flux-system' },
    { name: 'timeout', type: 'duration', usage: 'how long', default: '5m0s' },
    { name: 'as-group', type: 'stringArray', usage: 'groups' },
    { name: 'verbose', type: 'bool', usage: 'talk' },
  ],
  commands: [
    {
      name: 'get',
      short: 'get',
      persistentFlags: [{ name: 'all-namespaces', shorthand: 'A', type: 'bool', usage: 'everywhere' }],
      commands: [
        {
          name: 'kustomizations',
          aliases: ['ks'],
          short: 'ks',
          flags: [{ name: 'watch', shorthand: 'w', type: 'bool', usage: 'w' }],
          load,
        },
      ],
    },
    { name: 'suspend', short: 's', load },
  ],
};
const parse = (line: string) =>
  parseLine(
    root,
    line.split(' ').filter((word) => word !== ''),
  );

describe('parseLine', () => {
  test('finds commands by name and alias, with flags before, between and after the words', () => {
    const { path, args, flags } = parse('-n apps get --timeout 3s ks -Aw podinfo --verbose=false');
    assert.equal(commandOf(path).name, 'kustomizations');
    assert.deepEqual(args, ['podinfo']);
    assert.equal(flags.string('namespace'), 'apps');
    assert.equal(flags.number('timeout'), 3_000);
    assert.ok(flags.bool('all-namespaces') && flags.bool('watch'));
    assert.ok(!flags.bool('verbose') && flags.changed('verbose'));
  });

  test('a flag that is not on the line has its default', () => {
    const { flags } = parse('get ks');
    assert.equal(flags.string('namespace'), 'flux-system');
    assert.equal(flags.number('timeout'), 300_000);
    assert.ok(!flags.changed('namespace'));
  });

  test('lists gather, -- ends the flags, -nvalue and -n=value are values', () => {
    assert.deepEqual(parse('get ks --as-group a --as-group=b').flags.list('as-group'), ['a', 'b']);
    assert.deepEqual(parse('suspend -- --verbose -x').args, ['--verbose', '-x']);
    assert.equal(parse('suspend -napps').flags.string('namespace'), 'apps');
    assert.equal(parse('suspend -n=apps').flags.string('namespace'), 'apps');
  });

  const faults: [string, string][] = [
    ['foo', 'unknown command "foo" for "flux"'],
    ['suspnd', 'unknown command "suspnd" for "flux"\n\nDid you mean this?\n\tsuspend\n'],
    ['get ks --foo', 'unknown flag: --foo'],
    ['get ks --foo=1', 'unknown flag: --foo'],
    ['get ks -x', "unknown shorthand flag: 'x' in -x"],
    ['get ks -Ax', "unknown shorthand flag: 'x' in -x"],
    ['get ks --timeout', 'flag needs an argument: --timeout'],
    ['get ks -n', "flag needs an argument: 'n' in -n"],
    ['get ks --=1', 'bad flag syntax: --=1'],
    ['get ks --timeout=abc', 'invalid argument "abc" for "--timeout" flag: time: invalid duration "abc"'],
    ['get ks -w=maybe', 'invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  ];
  for (const [line, message] of faults) {
    test(`${line} is refused as pflag refuses it`, () => assert.throws(() => parse(line), { message }));
  }
});
