import type { Methods } from '../values/values.js';

export const timeMethods: Methods = new Map();
export const durationMethods: Methods = new Map();
