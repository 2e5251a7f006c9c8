import type { CommandSpec } from '../command-line/index.js';

export const kustomizeCommand: CommandSpec = {
  name: 'kustomize',
  short: 'Build kustomizations as kustomize does',
  commands: [
    {
      name: 'build',
      args: 'DIR',
      short: "Print what a directory's kustomization builds",
      long: `Prints the resources that the kustomization of a directory builds, byte for byte as kustomize v5.8 prints them.
Without DIR it is the current directory. Exec, Go and container plugins are refused.`,
      example: `  # An overlay
  sluice kustomize build clusters/dev

  # Into a file, in the order of the input
  sluice kustomize build clusters/dev --reorder none -o dev.yaml`,
      flags: [
        {
          name: 'load-restrictor',
          type: 'string',
          usage: 'LoadRestrictionsRootOnly, or LoadRestrictionsNone to let a kustomization load files from outside of its directory',
          default: 'LoadRestrictionsRootOnly',
          oneOf: ['LoadRestrictionsRootOnly', 'LoadRestrictionsNone'],
        },
        {
          name: 'reorder',
          type: 'string',
          usage: 'legacy or none: the order of the output, where the kustomization does not say it',
          oneOf: ['legacy', 'none'],
        },
        { name: 'enable-managedby-label', type: 'bool', usage: 'label everything with app.kubernetes.io/managed-by' },
        { name: 'output', shorthand: 'o', type: 'string', usage: 'a file to write to, instead of standard output' },
      ],
      load: () => import('../commands/kustomize-build.js'),
    },
  ],
};
