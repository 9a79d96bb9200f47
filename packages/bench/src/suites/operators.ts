import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite } from '../harness/suite.js';
import { functionRows } from '../operators/function-list.js';
import { type OperatorRow, operatorRows } from '../operators/operator-list.js';

/** Every operator, and what Gossamer does with it. */
export const operators: Suite = {
  name: 'operators',
  about: 'lists every operator of the standard and of com.microsoft: inference, eval, quantizable, prunable, gradient',
  run: () => Promise.resolve(tabulate(operatorRows())),
};

const DOMAINS = ['', 'ai.onnx.ml', 'ai.onnx.preview', 'ai.onnx.preview.training', 'com.microsoft'] as const;
const COVERAGES = ['primitive', 'lowered', 'constant', 'refused'] as const;
const label = (domain: string) => (domain === '' ? 'ai.onnx' : domain);

function tabulate(rows: readonly OperatorRow[]): SuiteFindings {
  return {
    summary: [
      'Generated from the registries of the code, for the operators that onnx 1.23 (opset 28) and, for com.microsoft, ONNX Runtime 1.30 list. Inference: there',
      'is a rule for types and shapes. Eval: the reference evaluator computes it. Quantizable: modes that make it compute in integers, or store its weight in',
      'blocks or as 8-bit codes. Prunable: its weight is seen with output and input axes. Gradient: it has a rule (primitive), is written in operators that have',
      '(lowered), lets nothing flow (constant), or a model with it is not trained (refused). An operator without an inference rule is carried through untouched,',
      'as a barrier. gossamer.train: registered functions of training graphs, and which engines have a kernel; elsewhere they run as their bodies.',
    ].join('\n'),
    claims: claims(rows),
    tables: [counts(rows), ...DOMAINS.map((domain) => table(rows, domain)), functions()],
    data: { rows, functions: functionRows() },
  };
}

function claims(rows: readonly OperatorRow[]) {
  const current = rows.filter(({ domain, deprecated }) => domain === '' && deprecated !== true);
  const claim = (what: string, of: readonly OperatorRow[], has: (row: OperatorRow) => boolean) => {
    const missing = of.filter((row) => !has(row)).map(({ op }) => op);
    const names = missing.length > 0 ? `; not: ${missing.join(', ')}` : '';
    return {
      claim: what,
      measured: `${of.length - missing.length} of ${of.length}${names}`,
      holds: missing.length === 0,
    };
  };
  const classical = rows.filter(({ domain }) => domain === 'ai.onnx.ml');
  return [
    claim('every operator of the standard has an inference rule', current, ({ inference }) => inference),
    claim('every deterministic one is evaluated', current, ({ evaluated, random }) => evaluated || random === true),
    claim('every operator of ai.onnx.ml has an inference rule', classical, ({ inference }) => inference),
    claim('every operator of ai.onnx.ml is evaluated', classical, ({ evaluated }) => evaluated),
  ];
}

function counts(rows: readonly OperatorRow[]) {
  return {
    title: 'Counts',
    columns: ['domain', 'operators', 'inference', 'eval', 'quantizable', 'prunable', ...COVERAGES],
    rows: DOMAINS.map((domain) => {
      const own = rows.filter((row) => row.domain === domain);
      const count = (has: (row: OperatorRow) => boolean) => String(own.filter(has).length);
      return [
        label(domain),
        String(own.length),
        count(({ inference }) => inference),
        count(({ evaluated }) => evaluated),
        count((row) => modes(row) !== ''),
        count(({ prunable }) => prunable),
        ...COVERAGES.map((coverage) => count(({ gradient }) => gradient === coverage)),
      ];
    }),
  };
}

function functions() {
  const yes = (value: boolean) => (value ? 'yes' : '');
  return {
    title: 'gossamer.train',
    columns: ['function', 'gradient rule', 'native kernel', 'tfjs kernel'],
    rows: functionRows().map(({ name, differentiable, native, tfjs }) => [
      name,
      yes(differentiable),
      yes(native),
      yes(tfjs),
    ]),
  };
}

function table(rows: readonly OperatorRow[], domain: string) {
  const yes = (value: boolean) => (value ? 'yes' : '');
  return {
    title: label(domain),
    columns: ['operator', 'versions', 'inference', 'eval', 'quantizable', 'prunable', 'gradient'],
    rows: rows
      .filter((row) => row.domain === domain)
      .map((row) => [
        row.op + (row.deprecated === true ? ' (deprecated)' : ''),
        row.versions.join(', '),
        yes(row.inference),
        row.evaluated ? 'yes' : row.random === true ? 'random' : '',
        modes(row),
        yes(row.prunable),
        row.gradient,
      ]),
  };
}

function modes({ quantizable }: OperatorRow): string {
  const { static: isStatic, dynamic, weightOnly } = quantizable;
  return [isStatic ? 'static' : '', dynamic ? 'dynamic' : '', weightOnly ?? ''].filter(Boolean).join(', ');
}
