import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf, helpText, type CommandPath, type Invocation } from '../command-line/index.js';

/** `docgen --path DIR`: the help of every command as a page of Markdown. */
export async function run({ flags, root }: Invocation): Promise<void> {
  const directory = flags.string('path');
  await mkdir(directory, { recursive: true });
  for (const path of pathsBelow([root])) {
    const words = path.map(({ name }) => name);
    const page = `---\ntitle: "${words.join(' ')} command"\n---\n## ${words.join(' ')}\n\n${commandOf(path).short}\n\n\`\`\`\n${helpText(path)}\`\`\`\n`;
    await writeFile(join(directory, `${words.join('_')}.md`), page);
  }
}

function pathsBelow(path: CommandPath): CommandPath[] {
  const children = (commandOf(path).commands ?? []).filter(({ hidden }) => hidden !== true);
  return [path, ...children.flatMap((child) => pathsBelow([...path, child]))];
}
