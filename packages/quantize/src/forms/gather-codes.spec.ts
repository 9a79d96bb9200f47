import { attribute, GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { countOps, runOrt, sqnr } from '../testing/ort.js';

const ids = Tensor.fromNumbers('int64', [3], [0, 79, 7]);
const rules = [{ match: 'nothing', weights: 'int8' }];

function tied(): Model {
  const g = new GraphBuilder('g');
  const table = g.weight('table', [80, 64], noise(5120));
  const rows = g.op('Gather', [table, g.input('ids', 'int64', [3])], {}, { name: 'embed' });
  return g.output(g.op('Gemm', [rows, table], { transB: 1 }, { name: 'head' }), 'y').model();
}

test.each([
  ['int2', 2, 6],
  ['uint2', 2, 6],
  ['int4', 4, 18],
  ['uint4', 4, 18],
  ['int8', 8, 32],
] as const)(
  '%s tables of schemes stay codes, one tensor with the product that reads it',
  async (weights, bits, least) => {
    const options = { mode: 'weight-only', weights, edgeBits: bits, layers: rules, optimize: false } as const;
    const { model, report } = await quantize(tied(), { ...options, accuracyLevel: 1 });
    expect(countOps(model)).toMatchObject({ GatherBlockQuantized: 1, MatMulNBits: 1 });
    const zeroBytes = weights.startsWith('u') ? 80 : 0;
    // Two blocks a row, and the shapes that show both readers the same bytes.
    expect(report.bytes.after).toBeLessThan((5120 * bits) / 8 + 80 * 2 * 4 + zeroBytes + 64);
    const [before, after] = [await runOrt(tied(), { ids }), await runOrt(model, { ids })];
    expect(sqnr(before['y']!, after['y']!)).toBeGreaterThan(least);
  },
);

test('a table whose codes are expanded is stored for each reader, and that is said', async () => {
  const { report } = await quantize(tied(), { mode: 'weight-only', weights: 'codebook8', optimize: false });
  expect(report.warnings).toEqual([
    'table was tied (embed, head): its codes are stored once for each, in forms that are not the same',
  ]);
});

test('a square weight that two products read in both orientations has codes for each', async () => {
  const make = () => {
    const g = new GraphBuilder('g');
    const w = g.weight('w', [64, 64], noise(4096));
    const hidden = g.op('MatMul', [g.input('x', 'float32', [3, 64]), w]);
    return g.output(g.op('Gemm', [hidden, w], { transB: 1, alpha: attribute.float(0.1) }), 'y').model();
  };
  const { model } = await quantize(make(), { mode: 'weight-only', weights: 'int5', optimize: false });
  const feeds = { x: noiseTensor([3, 64], 4) };
  const [before, after] = [await runOrt(make(), feeds), await runOrt(model, feeds)];
  expect(sqnr(before['y']!, after['y']!)).toBeGreaterThan(20);
});
