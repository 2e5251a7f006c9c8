/** An object as command lines name it: `Kind/name.namespace`, of which all but the name may be missing. */
export interface ObjectReference {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** Reads `Kind/name`. A text with no slash, or more than one, is a name. */
export function kindAndName(reference: string): { readonly kind: string; readonly name: string } {
  const [kind = '', name, ...more] = reference.split('/');
  return name === undefined || more.length > 0 ? { kind: '', name: reference } : { kind, name };
}

/** Reads `Kind/name.namespace`: what follows the last dot of the name is the namespace. */
export function objectReference(reference: string): ObjectReference {
  const { kind, name } = kindAndName(reference);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? { kind, name, namespace: '' } : { kind, name: name.slice(0, dot), namespace: name.slice(dot + 1) };
}

/** Reads `namespace/name` or `name`, as `--depends-on` has them. */
export function namespacedName(reference: string): { readonly namespace?: string; readonly name: string } {
  const [namespace = '', name, ...more] = reference.split('/');
  return name === undefined || more.length > 0 ? { name: reference } : { namespace, name };
}
