import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const minute = 60_000

/** What all projects but `types` share. */
const running: TestProjectInlineConfiguration['test'] = {
  pool: 'forks',
  testTimeout: minute,
  hookTimeout: minute,
  setupFiles: ['test/setup/leaks.ts'],
  // dist/ is run as it was built: vitest must not transform what a user's Node would load as it is.
  server: { deps: { external: [/\/dist\//] } },
}

/** For projects that import '@klaw/core', which is dist/. */
const built = { globalSetup: ['test/setup/build.ts'] }

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './test/support/ray/skip-reporter.ts', './test/setup/count-reporter.ts'],
    projects: [
      {
        extends: true,
        test: { ...running, name: 'unit', include: ['test/unit/**/*.test.ts', 'test/interleaving/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          ...running,
          ...built,
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          provide: { conformanceEngines: ['embedded'] },
        },
      },
      {
        extends: true,
        test: { ...running, ...built, name: 'integration', include: ['test/integration/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          ...running,
          globalSetup: [...built.globalSetup, 'test/support/ray/global-setup.ts'],
          runner: './test/support/ray/runner.ts',
          name: 'ray',
          // Tests that start heads of their own take seconds each, and many times that on a machine that is busy.
          testTimeout: 3 * minute,
          hookTimeout: 3 * minute,
          // Real clusters on a busy machine: what fails once and holds the second time is reported as such, and does not fail the run.
          retry: 2,
          include: ['test/ray/**/*.test.ts', 'test/conformance/{actors,objects,pool,queue}/**/*.test.ts'],
          // These are about the memory of the embedded engine.
          exclude: ['test/conformance/objects/{memory,shared}.test.ts'],
          provide: { conformanceEngines: ['Ray, actors in Python', 'Ray, actors in TypeScript'] },
        },
      },
      {
        extends: true,
        test: {
          ...built,
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
})
