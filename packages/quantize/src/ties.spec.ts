import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from './options.js';
import { quantize } from './quantize.js';

const [rows, width] = [400, 64];
const table = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i * 1.37));
const columns = Float32Array.from(table, (_, i) => table[(i % rows) * width + Math.floor(i / rows)]!);

/** An embedding whose table the output product reads: itself, or a copy. */
function model(tie: 'gemm' | 'transpose' | 'transposed copy'): Model {
  const g = new GraphBuilder('g');
  const t = g.weight('table', [rows, width], table);
  const h = g.op('Gather', [t, g.input('ids', 'int64', ['n'])], {}, { name: 'embed' });
  const x = g.op('Relu', [h]);
  const options = { name: 'head' };
  if (tie === 'gemm') return g.output(g.op('Gemm', [x, t], { transB: 1 }, options), 'y').model();
  const weight =
    tie === 'transpose' ? g.op('Transpose', [t], { perm: [1, 0] }) : g.weight('copy', [width, rows], columns);
  return g.output(g.op('MatMul', [x, weight], {}, options), 'y').model();
}

const tablesOf = (result: Model) =>
  [...result.scopes()]
    .flatMap((scope) => Array.from(scope.initializers(), ({ initializer }) => initializer!))
    .filter(({ length }) => length >= (rows * width) / 2).length;

const KEPT: readonly QuantizeOptions[] = [
  { mode: 'dynamic' },
  { mode: 'dynamic', weights: 'uint8' },
  { mode: 'weight-only', bits: 4 },
  { mode: 'weight-only', bits: 4, edgeBits: 4 },
  { mode: 'weight-only', bits: 8 },
];

const data = dataFromArrays({
  ids: Tensor.fromNumbers(
    'int64',
    [64],
    Array.from({ length: 64 }, (_, i) => (i * 7) % rows),
  ),
});

const SPLIT: readonly [QuantizeOptions, string][] = [
  [{ mode: 'static', data }, 'another order'],
  [{ mode: 'dynamic', reduceRange: true }, 'of 8 and of 7 bits'],
  [{ mode: 'weight-only', granularity: 'perAxis' }, 'another order'],
  [{ mode: 'weight-only', bits: 4, blockFormat: 'dequantize-linear' }, 'of rows and of blocks'],
  [{ mode: 'dynamic', exclude: ['head'] }, 'stored in float for head and as codes'],
];

describe.each(['gemm', 'transpose', 'transposed copy'] as const)('a table tied by %s', (tie) => {
  test.each(KEPT)('stays one tensor: %j', async (options) => {
    const { model: result, report } = await quantize(model(tie), options);
    expect(tablesOf(result)).toBe(1);
    expect(report.warnings.filter((warning) => warning.includes('was tied'))).toEqual([]);
  });

  test.each(SPLIT)('is stored twice, and the report says so: %#', async (options, reason) => {
    const { model: result, report } = await quantize(model(tie), options);
    expect(tablesOf(result)).toBe(2);
    const told = report.warnings.filter((warning) => warning.startsWith('table was tied (embed, head): '));
    expect(told).toEqual([expect.stringContaining(reason)]);
  });
});

test('a copy that becomes a tie is named', async () => {
  const { report } = await quantize(model('transposed copy'), { mode: 'dynamic' });
  expect(report.warnings).toEqual(['head: reads table, of which it had a copy (copy)']);
});
