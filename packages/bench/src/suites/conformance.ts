import { compareEngines, type EngineComparison } from '../conformance/compare-engines.js';
import { nodeTestCases } from '../conformance/node-test-cases.js';
import { type NodeTestResult, runNodeTest } from '../conformance/run-node-test.js';
import type { Claim, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { catalogue } from '../real-models/catalogue.js';
import { allVariants } from '../real-models/real-model.js';

/** Quantized forms that are compared, beside the float model. */
const COMPARED = ['static', 'dynamic', 'weights int8', 'weights int4'];
/** Two float32 engines that add in different orders: neither is further from the truth than so many times the other. */
const SAME_CLASS = 4;
/** Share of rows whose largest element must be at the same place. */
const AGREEMENT = 0.999;

/** What the native engine computes, beside the node tests of the standard and ONNX Runtime on every real model. */
export const conformance: Suite = {
  name: 'conformance',
  about: 'the native engine on the ONNX node tests, and beside ONNX Runtime on every real model, float and quantized',
  async run(context) {
    const tests = await runNodeTests(context);
    const comparisons: EngineComparison[] = [];
    for (const [name, load] of Object.entries(catalogue)) {
      if (context.only && !context.only.includes(name)) continue;
      const model = await load(context.scratch);
      for (const variant of [undefined, ...allVariants.filter((each) => COMPARED.includes(each.name))]) {
        context.signal.throwIfAborted();
        const comparison = await compareEngines(model, variant, context);
        comparisons.push(comparison);
        context.say(describe(comparison));
      }
    }
    return {
      summary:
        'Each node test runs as it is, or with all inputs but the first as constants where an operator wants its weights so; what the engine lacks it ' +
        'refuses by name. Each real model runs over its test data on both engines; outputs on an integer grid are counted in steps of that grid. ' +
        'The largest error of either engine against float64 arithmetic is of one sample.',
      claims: [...nodeTestClaims(tests), ...modelClaims(comparisons)],
      tables: [modelTable(comparisons), refusedTable(tests)],
      data: { tests, comparisons },
    };
  },
};

async function runNodeTests({ say, signal }: SuiteContext): Promise<NodeTestResult[]> {
  const results: NodeTestResult[] = [];
  for (const test of nodeTestCases()) {
    signal.throwIfAborted();
    results.push(await runNodeTest(test));
  }
  say(`${results.filter(({ outcome }) => outcome.startsWith('passed')).length} of ${results.length} node tests pass`);
  return results;
}

const describe = ({ model, variant, engine, refused, differences }: EngineComparison): string =>
  `${model}, ${variant}: ${refused ?? `${engine}, ${differences?.equal} of ${differences?.elements} elements equal`}`;

function nodeTestClaims(tests: readonly NodeTestResult[]): Claim[] {
  const count = (outcome: string) => tests.filter((test) => test.outcome === outcome).length;
  const failed = tests.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  return [
    {
      claim: 'every node test passes or is refused by name',
      measured: `${count('passed')} pass as they are, ${count('passed with constants')} with constants, ${count('refused')} are refused, ${failed.length} fail${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`,
      holds: failed.length === 0 && tests.length > 0,
    },
  ];
}

function modelClaims(comparisons: readonly EngineComparison[]): Claim[] {
  const claims: Claim[] = [];
  for (const { model, variant, differences, exact } of comparisons) {
    const title = `${model}, ${variant}`;
    if (exact)
      claims.push({
        claim: `${title}: at most ${SAME_CLASS} times as far from float64 arithmetic as ONNX Runtime`,
        measured: `${exact.native.toExponential(1)} and ${exact.ort.toExponential(1)}`,
        holds: exact.native <= SAME_CLASS * exact.ort + 2 ** -24 * (differences?.maxAbs ?? 0),
      });
    if (differences?.moreSteps !== undefined)
      claims.push({
        claim: `${title}: outputs at most one step apart`,
        measured: `${differences.equal} equal, ${differences.oneStep} one step apart, ${differences.moreSteps} more`,
        holds: differences.moreSteps === 0,
      });
    if (differences && differences.rows > 0)
      claims.push({
        claim: `${title}: the largest element at the same place in 99.9 % of the rows`,
        measured: `${differences.sameArgmax} of ${differences.rows}`,
        holds: differences.sameArgmax >= AGREEMENT * differences.rows,
      });
  }
  return claims;
}

function modelTable(comparisons: readonly EngineComparison[]): Table {
  return {
    title: 'Real models',
    columns: [
      'model',
      'variant',
      'engine',
      'elements',
      'equal',
      'largest difference',
      'largest element',
      'same argmax',
    ],
    rows: comparisons.map(({ model, variant, engine, refused, differences, lacking }) => {
      if (!differences) return [model, variant, refused ?? engine, '', '', '', '', ''];
      const { elements, equal, maxAbsDifference, maxAbs, sameArgmax, rows } = differences;
      return [
        model,
        variant,
        lacking ? `${engine}: ${lacking}` : engine,
        String(elements),
        `${((100 * equal) / elements).toFixed(2)} %`,
        maxAbsDifference.toExponential(2),
        maxAbs.toExponential(2),
        rows > 0 ? `${sameArgmax} of ${rows}` : '',
      ];
    }),
  };
}

function refusedTable(tests: readonly NodeTestResult[]): Table {
  const counts = new Map<string, number>();
  for (const { outcome, reason = '' } of tests) {
    if (outcome !== 'refused') continue;
    // The operator and its reason, without the name of the node.
    const why = reason.replace(/^.*received (\S+) \([^ ]*: (.*?)\)(, and .*)?$/, '$1: $2');
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return {
    title: 'Refused node tests',
    columns: ['reason', 'tests'],
    rows: [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => [reason, String(count)]),
  };
}
