// Native ESM with swc: NestJS 12 is ESM-only, so a CommonJS Jest cannot load it.
import { swcOptions } from './tools/build.mjs';

const base = {
  rootDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions, swcrc: false }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '/\\.ledgerline/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};

// A world on the real engines is made and cleared away within hooks: a second each on a quiet machine, ten on a busy one.
const hookTimeoutMs = 30_000;

// The engines' specs talk to the compiled gateway, so both projects compile first and share one set of engines.
const engines = {
  globalSetup: '<rootDir>/tools/jest-engines.mjs',
  globalTeardown: '<rootDir>/tools/jest-engines-stop.mjs',
};

export default {
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,apps,tools}/**/*.{unit,golden,tidy}.spec.ts'],
    },
    {
      ...base,
      ...engines,
      displayName: 'int',
      testTimeout: hookTimeoutMs,
      testMatch: ['<rootDir>/{libs,apps,tools}/**/*.{int,contract}.spec.ts'],
    },
    {
      ...base,
      ...engines,
      displayName: 'e2e',
      testTimeout: hookTimeoutMs,
      testMatch: ['<rootDir>/{libs,apps,tools}/**/*.e2e.spec.ts'],
    },
  ],
};
