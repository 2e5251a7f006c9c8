/** A file or directory that may go into an artifact. Paths are relative and slash separated; links are none of it. */
export interface SourceEntry {
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly executable: boolean;
  /** In bytes; 0 for a directory. */
  readonly size: number;
  /** Names the content: files with equal ids have equal bytes. */
  readonly contentId?: string;
}

/** A listing of files, and the way to their bytes: a Git tree, the files of a bucket, memory. */
export interface SourceTree<E extends SourceEntry = SourceEntry> {
  readonly entries: readonly E[];
  /** The bytes of some of its files, one after another, in the order asked for. */
  contents(files: readonly E[]): AsyncIterable<Uint8Array>;
}

/** A tree in memory. */
export function sourceTreeOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: { readonly executables?: readonly string[]; readonly directories?: readonly string[] } = {},
): SourceTree {
  const bytes = new Map(
    Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? Buffer.from(content) : content]),
  );
  const entries: SourceEntry[] = [
    ...[...bytes].map(([path, content]) => ({
      path,
      type: 'file' as const,
      executable: options.executables?.includes(path) ?? false,
      size: content.length,
    })),
    ...(options.directories ?? []).map((path) => ({ path, type: 'directory' as const, executable: false, size: 0 })),
  ];
  return {
    entries,
    async *contents(wanted) {
      for (const { path } of wanted) yield bytes.get(path) ?? new Uint8Array();
    },
  };
}
