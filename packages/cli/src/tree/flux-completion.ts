import type { CommandSpec } from '../command-line/index.js';

type Shell = Parameters<(typeof import('../commands/completion.js'))['printCompletion']>[0];

const shells: readonly [shell: Shell, called: string, use: string][] = [
  ['bash', 'bash', '  # In ~/.bashrc\n  source <(flux completion bash)'],
  ['fish', 'fish', '  # Once\n  flux completion fish > ~/.config/fish/completions/flux.fish'],
  ['powershell', 'PowerShell', '  # In the profile\n  flux completion powershell | Out-String | Invoke-Expression'],
  ['zsh', 'zsh', '  # In ~/.zshrc\n  source <(flux completion zsh)'],
];

/** `completion …`. */
export const completionCommand: CommandSpec = {
  name: 'completion',
  short: 'Generates completion scripts for various shells',
  long: 'The completion sub-commands print what a shell needs to complete commands, flags, and names of objects in the cluster.',
  commands: shells.map(([shell, called, example]) => ({
    name: shell,
    short: `Generates ${called} completion scripts`,
    example,
    load: async () => {
      const { printCompletion } = await import('../commands/completion.js');
      return { run: (invocation) => printCompletion(shell, invocation) };
    },
  })),
};
