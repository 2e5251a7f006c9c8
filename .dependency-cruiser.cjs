const layers = require('./scripts/layers.cjs');

module.exports = {
  forbidden: [
    ...layers.map((layer, index) => ({
      name: `layer-${layer}`,
      comment: `${layer} imports only from the packages above it`,
      severity: 'error',
      from: { path: `^packages/${layer}/` },
      to: { path: `^packages/(${layers.slice(index + 1).join('|') || 'none'})/` },
    })),
    {
      name: 'through-the-door',
      comment: 'a package is used through its index only',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/([^/]+)/', pathNot: ['^packages/$1/', '^packages/[^/]+/dist/[a-z-]+\\.js$'] },
    },
    {
      name: 'engines-are-pure',
      comment: 'an engine knows no network and no processes; of node:net it may ask whether a text is an address',
      severity: 'error',
      from: { path: '^packages/(core|yaml|semver|cel|schema|gotemplate|kustomize|sops|api)/dist/', pathNot: '\\.test\\.js$' },
      to: { path: '^(node:)?(http|https|http2|tls|dgram|dns|child_process)$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^packages/|^(node:)?(http|https|http2|tls|dgram|dns|child_process)$',
    exclude: { path: '\\.test\\.js$' },
    moduleSystems: ['es6'],
    preserveSymlinks: false,
  },
};
