import { formatLibrary } from './format.js';
import { listsLibrary } from './lists.js';
import { networkLibrary } from './network.js';
import { quantityLibrary } from './quantity.js';
import { mergeLibraries } from './registry.js';
import { semverLibrary } from './semver.js';
import { standardLibrary } from './standard.js';
import { stringsLibrary } from './strings.js';
import { urlLibrary } from './url.js';

/** All functions that an expression may call: those of CEL, its extensions, and Kubernetes'. */
export const libraries = mergeLibraries([
  standardLibrary,
  stringsLibrary,
  listsLibrary,
  quantityLibrary,
  urlLibrary,
  networkLibrary,
  formatLibrary,
  semverLibrary,
]);
