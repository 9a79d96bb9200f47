const path = require('node:path');

/** One jest over every package: the specs beside the sources, run on the sources. */
module.exports = {
  rootDir: __dirname,
  roots: ['<rootDir>/packages', '<rootDir>/native', '<rootDir>/tools'],
  testEnvironment: path.join(__dirname, 'tools/jest/native-environment.cjs'),
  testEnvironmentOptions: { customExportConditions: ['@gossamer/source', 'require', 'node'] },
  testMatch: ['<rootDir>/packages/*/src/**/*.spec.ts', '<rootDir>/native/**/*.spec.ts', '<rootDir>/tools/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/dist/', '<rootDir>/native/build', '<rootDir>/native/npm/'],
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 60_000,
  maxWorkers: 2,
  cacheDirectory: path.join(__dirname, 'node_modules/.cache/jest'),
};
