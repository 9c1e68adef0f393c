const { builtinModules } = require('node:module')

/** The layers of ARCHITECTURE.md, lowest first. A file may import from its own layer and from those below it. */
const layers = [
  ['errors', '^src/(errors|result)\\.ts$'],
  // core/ and codec/ stand side by side: neither-imports-the-other has rules of its own below.
  ['core and codec', '^src/(core|codec)/'],
  ['wire', '^src/wire/'],
  ['engine', '^src/engine/'],
  ['api', '^src/api/'],
  ['entry', '^src/entry/'],
  ['the entry points', '^src/(index|channel|cluster)\\.ts$'],
]

const upwards = layers.slice(0, -1).map(([name, path], index) => ({
  name: `${name.replaceAll(' ', '-')}-must-not-import-upwards`,
  comment: `Imports point one way: ${layers
    .map(([layer]) => layer)
    .reverse()
    .join(' → ')}.`,
  severity: 'error',
  from: { path },
  to: { path: layers.slice(index + 1).map(([, above]) => above) },
}))

const nodeModules = `^(node:.*|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...upwards,
    {
      name: 'the-command-uses-the-public-api-only',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/(cli/|(index|channel|cluster)\\.ts$)' },
    },
    {
      name: 'nobody-imports-the-command',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'local-clusters-stand-alone',
      comment: 'Starting a Ray on this machine needs no client of Ray, and no client needs it.',
      severity: 'error',
      from: { path: '^src/cluster/' },
      to: { path: '^src/', pathNot: '^src/(cluster/|errors\\.ts$)' },
    },
    {
      name: 'only-its-entry-point-imports-local-clusters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cluster(/|\\.ts$)' },
      to: { path: '^src/cluster/' },
    },
    {
      name: 'core-does-not-import-codec',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/codec/' },
    },
    {
      name: 'codec-does-not-import-core',
      severity: 'error',
      from: { path: '^src/codec/' },
      to: { path: '^src/core/' },
    },
    {
      name: 'core-is-free-of-node',
      comment: 'core/ holds pure state machines: no I/O, no timers, no node: imports.',
      severity: 'error',
      from: { path: '^src/(core/|errors\\.ts|result\\.ts)' },
      to: { path: nodeModules },
    },
    {
      name: 'channel-is-free-of-node',
      comment:
        'Browsers, Deno and Bun use @klaw/core/channel, so nothing it reaches may import from Node, not even a type.',
      severity: 'error',
      from: { path: '^src/channel\\.ts$' },
      to: { path: nodeModules, reachable: true },
    },
    {
      name: 'channel-reaches-no-engine',
      comment: 'Of the codec it knows what a handle must offer to be encoded, and nothing else.',
      severity: 'error',
      from: { path: '^src/channel\\.ts$' },
      to: { path: ['^src/(engine|wire|entry)/', '^src/codec/(?!handles\\.ts$)'], reachable: true },
    },
    {
      name: 'the-engines-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/engine/(local|ray)/' },
      to: { path: '^src/engine/(local|ray)/', pathNot: '^src/engine/$1/' },
    },
    {
      name: 'no-circles',
      comment: 'Modules that need each other to load may find each other half loaded. Types alone are gone by then.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-packages',
      comment: 'What src/ imports must be installed with the package.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports is dead, or forgotten.',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
}
