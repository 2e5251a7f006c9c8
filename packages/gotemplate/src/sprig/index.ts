import { randomBytes } from 'node:crypto';
import type { FunctionTable } from '../exec/function.js';
import { certificateFunctions } from './certificates.js';
import { cryptoFunctions } from './crypto.js';
import { dateFunctions } from './dates.js';
import { defaults } from './defaults.js';
import { dicts } from './dicts.js';
import { encodings } from './encoding.js';
import { environmentFunctions } from './environment.js';
import type { SprigHost } from './host.js';
import { json } from './json.js';
import { lists } from './lists.js';
import { numbers } from './numbers.js';
import { paths } from './paths.js';
import { randomFunctions } from './random.js';
import { regex } from './regex.js';
import { semver } from './semver.js';
import { strings } from './strings.js';
import { urls } from './urls.js';

/** The clock and the random numbers of the machine; nothing of its environment or network. */
const MACHINE: SprigHost = {
  now: () => new Date(),
  randomBytes: (count) => randomBytes(count),
  environment: () => undefined,
  addresses: () => [],
};

/** All functions of sprig v3. What they need of the world outside can be given. */
export function sprigFunctions(given: Partial<SprigHost> = {}): FunctionTable {
  const host = { ...MACHINE, ...given };
  return new Map(
    Object.entries({
      ...certificateFunctions(host),
      ...cryptoFunctions(host),
      ...dateFunctions(host),
      ...defaults,
      ...dicts,
      ...encodings,
      ...environmentFunctions(host),
      ...json,
      ...lists,
      ...numbers,
      ...paths,
      ...randomFunctions(host),
      ...regex,
      ...semver,
      ...strings,
      ...urls,
    }),
  );
}
