import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..');

// ESLint's configuration is an ES module, which jest's realm cannot import: one child lints every probe.
const LINT = `
  import { ESLint } from 'eslint';
  import { text } from 'node:stream/consumers';
  const eslint = new ESLint();
  const rules = [];
  for (const [filePath, code] of JSON.parse(await text(process.stdin))) {
    const [result] = await eslint.lintText(code, { filePath });
    rules.push(result.messages.map(({ ruleId }) => ruleId ?? 'inline configuration'));
  }
  process.stderr.write(JSON.stringify(rules));
`;

const NO_ESCAPE = '// eslint-disable-next-line\nexport const a: any = 1;\n// @ts-ignore\nexport const b: number = a;\n';
const FLOATING = 'export function start(work: () => Promise<void>): void {\n  work();\n}\n';
const importing = (name: string) => `import * as x from '${name}';\nexport const y = x;\n`;

const BOUNDARY = ['@nx/enforce-module-boundaries'];
const PROBES: [what: string, file: string, code: string, rules: string[]][] = [
  ['a lower layer importing a higher one', 'packages/graph/src/index.ts', importing('@gossamer/runtime'), BOUNDARY],
  ['a method importing the layer above', 'packages/quantize/src/index.ts', importing('@gossamer/compress'), BOUNDARY],
  ['a method reaching past kernels', 'packages/quantize/src/index.ts', importing('@gossamer/native'), BOUNDARY],
  ['a relative path', 'packages/kernels/src/index.ts', importing('../../graph/src/index.js'), BOUNDARY],
  ['the own name', 'packages/graph/src/index.ts', importing('@gossamer/graph'), BOUNDARY],
  ['an undeclared package', 'packages/quantize/src/index.ts', importing('yazl'), BOUNDARY],
  ['nothing in an import of the layer below', 'packages/kernels/src/index.ts', importing('@gossamer/graph'), []],
  ['a promise nobody waits for', 'packages/graph/src/index.ts', FLOATING, ['@typescript-eslint/no-floating-promises']],
  ['a skipped test', 'packages/graph/src/ir/graph.spec.ts', "it.skip('x', () => {});\n", ['no-restricted-properties']],
  [
    'any, ts-ignore and rules turned off in the text',
    'packages/graph/src/index.ts',
    NO_ESCAPE,
    ['inline configuration', '@typescript-eslint/no-explicit-any', '@typescript-eslint/ban-ts-comment'],
  ],
];

describe('the lint rules report', () => {
  let reported: string[][];

  beforeAll(() => {
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', LINT], {
      cwd: root,
      input: JSON.stringify(PROBES.map(([, file, code]) => [join(root, file), code])),
      encoding: 'utf8',
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
    });
    reported = JSON.parse(result.stderr) as string[][];
  });

  // The boundary rule reads Nx's project graph and reports nothing when there is none: `npm run build` and
  // `npm run lint` make it.
  it.each(PROBES.map(([what, , , rules], i) => [what, rules, i] as const))('%s', (_, rules, i) => {
    expect(reported[i]).toEqual(rules);
  });
});
