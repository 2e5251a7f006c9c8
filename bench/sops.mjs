// SOPS: files decrypted in the process, beside one run of the real `sops`, found in $SLUICE_PEERS or on PATH. `node bench/sops.mjs [--quick]`
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ageKeys, decrypt, encrypt, generateAgeKey } from '../packages/sops/dist/index.js';

const SECRET = `apiVersion: v1
kind: Secret
metadata:
  name: app
  namespace: apps
type: Opaque
stringData:
  username: admin
  password: correct horse battery staple
  token: 0123456789abcdef0123456789abcdef
  url: https://user:password@db.example.org:5432/app
`;

/** `quick`: a smoke run. */
export async function run({ quick = false, print = console.log } = {}) {
  const { identity, recipient } = await generateAgeKey();
  const keys = [ageKeys(identity, 'the key')];
  const options = {
    groups: [[{ type: 'age', recipient, enc: '' }]],
    now: new Date(),
    random: (size) => randomBytes(size),
  };
  const seal = (text, format, rule) => encrypt(Buffer.from(text), { ...options, format, rule });
  const count = quick ? 50 : 1000;
  const rule = { encryptedRegex: '^(data|stringData)$' };
  const file = await seal(SECRET, 'yaml', rule);
  await decrypt(file, { format: 'yaml', keys });

  const each = await perRun(count, () => decrypt(file, { format: 'yaml', keys }));
  print(`sops decrypt, ${count} small Secrets, CPU each  ${each.toFixed(2)} ms${ratio(peerTime(file, identity), each)}`);

  const values = quick ? 1000 : 10_000;
  const large = await seal(`{${Array.from({ length: values }, (_, index) => `"key${index}": "value ${index}"`).join(',')}}`, 'json');
  const whole = await perRun(quick ? 1 : 3, () => decrypt(large, { format: 'json', keys, maxBytes: Infinity }));
  print(`sops decrypt, ${values} values, CPU per value  ${((whole / values) * 1000).toFixed(1)} µs`);

  const command = commandTime(file, identity);
  print(`sluice sops decrypt, whole process  ${command.toFixed(0)} ms${ratio(peerTime(file, identity), command)}`);
}

/** CPU milliseconds of one. */
async function perRun(count, job) {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await job();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

/** The milliseconds of one whole run of the real thing; undefined where it is not here. */
function peerTime(file, identity) {
  return processTime('sops', ['decrypt', 'FILE'], file, identity);
}

function commandTime(file, identity) {
  const program = fileURLToPath(new URL('../packages/cli/bin/sluice.js', import.meta.url));
  return processTime(process.execPath, [program, 'sops', 'decrypt', 'FILE'], file, identity);
}

const RUNS = 5;

function processTime(program, args, file, identity) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-sops-'));
  const path = join(directory, 'secret.yaml');
  writeFileSync(path, file);
  const env = {
    ...process.env,
    PATH: [process.env.SLUICE_PEERS, process.env.PATH].filter(Boolean).join(delimiter),
    HOME: directory,
    SOPS_AGE_KEY: identity,
  };
  try {
    const before = performance.now();
    for (let index = 0; index < RUNS; index++) {
      const { status } = spawnSync(
        program,
        args.map((arg) => (arg === 'FILE' ? path : arg)),
        { env },
      );
      if (status !== 0) return undefined;
    }
    return (performance.now() - before) / RUNS;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function ratio(peer, own) {
  return peer === undefined ? '' : `  (ratio to sops, one whole process of ${peer.toFixed(0)} ms: ${(peer / own).toFixed(1)}x)`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run({ quick: process.argv.includes('--quick') });
