/** What the commands of `create` have in common. */
export { createdName, createObject, fetchedRevision } from './create-object.js';
export { durationField, filled, ignoreField, intervalField, kubeConfigField, nameRef, verifyField } from './fields.js';
export { parseLabels, qualifiedNameFault } from './labels.js';
export { kindAndName, namespacedName, objectReference } from './references.js';
