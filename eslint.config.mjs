import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const below = {
  native: [],
  graph: [],
  kernels: ['native', 'graph'],
  encode: ['kernels', 'graph'],
  runtime: ['encode', 'kernels', 'graph'],
  train: ['runtime', 'encode', 'kernels', 'graph'],
  // No method may import another: what two of them share lives in runtime or train.
  method: ['train', 'runtime', 'encode', 'kernels', 'graph'],
  compress: ['method', 'train', 'runtime', 'encode', 'kernels', 'graph'],
  server: ['compress', 'method', 'train', 'runtime', 'encode', 'kernels', 'graph'],
  bench: ['compress', 'method', 'train', 'runtime', 'encode', 'kernels', 'graph'],
  cli: ['server', 'bench', 'compress', 'method', 'train', 'runtime', 'encode', 'kernels', 'graph'],
};

const depConstraints = Object.entries(below).map(([layer, allowed]) => ({
  sourceTag: `layer:${layer}`,
  onlyDependOnLibsWithTags: allowed.map((name) => `layer:${name}`),
}));

// A suite that leaves tests out says less than its count.
const partialRuns = ['describe', 'it', 'test'].flatMap((object) =>
  ['only', 'skip', 'todo'].map((property) => ({ object, property, message: 'Every test runs, every time.' })),
);

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'native/build*/**',
      'native/npm/**',
      'native/third_party/**',
      '**/generated/**',
      '**/*.cjs',
      '**/*.mjs',
      '.nx/**',
      'coverage/**',
    ],
  },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          enforceBuildableLibDependency: true,
          banTransitiveDependencies: true,
          // A command loads what it needs on use, and may still name types statically.
          checkDynamicDependenciesExceptions: ['@gossamer/**'],
          depConstraints,
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Indexing is checked (noUncheckedIndexedAccess), and a loop over a typed array knows its bounds.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A walk up the scopes starts at `this`.
      '@typescript-eslint/no-this-alias': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  { files: ['**/*.ts'], ignores: ['**/*.spec.ts'], rules: { 'max-lines': ['error', { max: 400 }] } },
  {
    files: ['packages/*/src/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', 'fdescribe', 'fit', 'xdescribe', 'xit', 'xtest'],
      'no-restricted-properties': ['error', ...partialRuns],
    },
  },
);
