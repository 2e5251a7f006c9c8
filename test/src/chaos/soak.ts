import { runChaos } from './run-chaos.js';

/** `npm run soak`: `--minutes` of trouble over `--applications`, with the choices of a `--seed`. */
const { minutes, applications, seed } = numbersOf({ minutes: 10, applications: 40, seed: Math.floor(Math.random() * 1e9) });
console.log(`${minutes} minutes over ${applications} applications; again with --seed ${seed}`);
const started = Date.now();
const say = (line: string): void => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}`);
const { peaceMs, heapMiB, residentMiB, ...did } = await runChaos({
  durationMs: minutes * 60_000,
  applications,
  seed,
  say,
  peaceMs: 180_000,
});
console.log(
  `${did.commits} commits, ${did.webhooks} webhooks that came through, ${did.hands} changes by hand, ${did.faults} faults, ${did.kills} kills, ${did.pauses} stops; ${did.told} events told`,
);
console.log(`the cluster equalled Git ${(peaceMs / 1000).toFixed(1)} s after the last fault, and nothing that Git holds was deleted`);
for (const [what, [before, after]] of [
  ['heap', heapMiB],
  ['resident', residentMiB],
] as const)
  console.log(`${what}: ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after`);
// Some room for caches that fill up to their bounds.
if (heapMiB[1] > heapMiB[0] * 1.5 + 50) {
  console.log('✗ memory is not where it started');
  process.exitCode = 1;
}

function numbersOf<T extends Record<string, number>>(defaults: T): T {
  const given = Object.fromEntries(
    Object.keys(defaults).flatMap((name) => {
      const at = process.argv.indexOf(`--${name}`);
      return at < 0 ? [] : [[name, Number(process.argv[at + 1])]];
    }),
  );
  return { ...defaults, ...given };
}
