/** A node test that eval refuses, and why. */
export interface RefusedCase {
  readonly title: string;
  readonly reason: string;
}

/** The page of the node tests: how many pass, and which do not, by name with the reason. */
export function nodeTestTable(passed: readonly string[], refused: readonly RefusedCase[]): string {
  const total = passed.length + refused.length;
  const share = ((100 * passed.length) / total).toFixed(1);
  return [
    '# node-tests',
    '',
    `The reference evaluator on the ${total} backend node tests of the ONNX standard that the repository keeps: outputs within the tolerances of the`,
    'standard’s own runner (relative 1e-3, absolute 1e-7; one derived exception, for the stored inverse transforms), integers and strings exactly.',
    'A refusal is `ERR_EVAL_OP` with the name of the operator.',
    '',
    '```sh',
    'GOSSAMER_NODE_TESTS_TABLE=docs/benchmarks/node-tests.md npx jest packages/graph/src/eval/node-tests.spec.ts',
    '```',
    '',
    `- ${passed.length} of ${total} pass (${share} %), ${refused.length} are refused`,
    '',
    '| refused | reason |',
    '| --- | --- |',
    ...refused.map(({ title, reason }) => `| ${title} | ${reason} |`),
    '',
  ].join('\n');
}
