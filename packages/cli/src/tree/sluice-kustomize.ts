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
        {
          name: 'allow-remote-bases',
          type: 'bool',
          usage: "fetch bases, components and resources that are URLs: Git repositories with the system's git, files over HTTP",
        },
        { name: 'enable-helm', type: 'bool', usage: 'render helmCharts, with the engine that is built in; charts must lie in the tree' },
        { name: 'helm-kube-version', type: 'string', usage: 'Kubernetes version used by Helm for Capabilities.KubeVersion' },
        { name: 'helm-api-versions', type: 'stringArray', usage: 'Kubernetes api versions used by Helm for Capabilities.APIVersions' },
        { name: 'helm-command', type: 'string', usage: 'accepted for scripts, without an effect: the engine is built in' },
        { name: 'helm-debug', type: 'bool', usage: 'accepted for scripts, without an effect' },
        {
          name: 'enable-alpha-plugins',
          type: 'bool',
          usage: 'accepted for scripts: plugins that are programs or containers are refused all the same',
        },
        { name: 'enable-exec', type: 'bool', usage: 'accepted for scripts: functions that are programs are refused all the same' },
        { name: 'network', type: 'bool', usage: 'accepted for scripts, without an effect: no function runs' },
        { name: 'network-name', type: 'string', usage: 'accepted for scripts, without an effect: no function runs' },
        { name: 'mount', type: 'stringArray', usage: 'accepted for scripts, without an effect: no function runs' },
        { name: 'env', shorthand: 'e', type: 'stringArray', usage: 'accepted for scripts, without an effect: no function runs' },
        { name: 'as-current-user', type: 'bool', usage: 'accepted for scripts, without an effect: no function runs' },
        { name: 'enable-managedby-label', type: 'bool', usage: 'label everything with app.kubernetes.io/managed-by' },
        { name: 'output', shorthand: 'o', type: 'string', usage: 'a file to write to, instead of standard output' },
      ],
      load: () => import('../commands/kustomize-build.js'),
    },
  ],
};
