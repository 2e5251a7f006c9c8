import type { Resource } from '../registry/resource.js';
import { readData } from '../data.js';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

let built: Readonly<Record<string, string>> | undefined;

/** The columns of a built-in kind, written `Name|Desired:integer|Images* — What they are.`: type after the colon, `*` for wide output only, `#` for names. */
export function builtInColumns({ apiVersion, kind }: Resource): readonly Column[] {
  built ??= readData('tables') as Record<string, string>;
  const line = built[`${apiVersion}/${kind}`];
  if (line === undefined) return defaultColumns;
  return line.split('|').map((column) => {
    const [spec = '', description = ''] = column.split(' — ');
    const [, name = '', wide, type = 'string', isName] = /^([^*:#]+)(\*)?(?::(\w+))?(#)?$/.exec(spec) ?? [];
    return { name, type, format: name === 'Name' || isName !== undefined ? 'name' : '', description, priority: wide === undefined ? 0 : 1 };
  });
}

const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique among those of its kind and namespace.',
  priority: 0,
};

const defaultColumns: readonly Column[] = [
  nameColumn,
  { name: 'Created At', type: 'date', format: '', description: 'When the object was created.', priority: 0 },
];

/** The columns of a custom resource: those of its definition, or its age. */
export function customColumns({ custom }: Resource): readonly Column[] {
  const defined = custom?.version.additionalPrinterColumns;
  if (defined === undefined || defined.length === 0) {
    return [nameColumn, { name: 'Age', type: 'date', format: '', description: 'How long ago the object was created.', priority: 0 }];
  }
  const columns = defined.map(({ name, type, format = '', description = '', priority = 0, jsonPath }) => ({
    name,
    type,
    format,
    description: description === '' ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
    priority,
  }));
  return [nameColumn, ...columns];
}
