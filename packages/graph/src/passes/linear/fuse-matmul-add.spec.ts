import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const PASS = ['fuse-matmul-add'];
const K = 4;
const feeds = [1, 3].map((n) => ({ x: randomTensor([n, K], n) }));

/** (2K+2)·2^-24·(Σ|a·b| + |bias|), the bound of the pass: the model itself over absolute values. */
function bound(model: Model, fed: Record<string, Tensor>): Record<string, Tensor> {
  const absolute = (tensor: Tensor) => Tensor.of('float32', tensor.dims, tensor.toFloat32().map(Math.abs));
  const positive = model.clone();
  for (const value of positive.graph.initializers()) {
    if (value.initializer!.dtype === 'float32') positive.graph.setInitializer(value, absolute(value.initializer!));
  }
  const sums = evaluate(positive, { x: absolute(fed.x!) }, { precision: 'float64' });
  const scaled = Object.entries(sums).map(([name, tensor]) => {
    return [
      name,
      Tensor.of(
        'float64',
        tensor.dims,
        tensor.toFloat64().map((v) => v * (2 * K + 2) * 2 ** -24),
      ),
    ] as const;
  });
  return Object.fromEntries(scaled);
}

async function check(model: Model): Promise<Model> {
  const { model: fused } = applyPasses(model, PASS);
  for (const fed of feeds) {
    expectWithin(evaluate(fused, fed), evaluate(model, fed), bound(model, fed));
    expectWithin(await runOnce(fused, fed), await runOnce(model, fed), bound(model, fed));
  }
  return fused;
}

test.each([
  { dims: [6], side: 'right' },
  { dims: [1, 6], side: 'left' },
])(
  'bias $dims on the $side: one Gemm under the name of the MatMul, the output keeps its own',
  async ({ dims, side }) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', K]);
    const product = g.op('MatMul', [x, g.graph.addInitializer('w', randomTensor([K, 6], 7))], {}, { name: 'layer' });
    const bias = g.graph.addInitializer('b', randomTensor(dims, 8));
    g.output(g.op('Add', side === 'left' ? [bias, product] : [product, bias]), 'y', 'float32', ['n', 6]);
    const fused = await check(g.model());
    const [gemm] = [...fused.graph.nodes()];
    expect(kinds(fused)).toEqual(['Gemm']);
    expect([gemm!.name, ...gemm!.inputs.map(String), gemm!.output.name]).toEqual(['layer', 'x', 'w', 'b', 'y']);
  },
);

test('inside a branch, with constants of the scope around it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', K]);
  const [w, b] = [
    g.graph.addInitializer('w', randomTensor([K, 6], 7)),
    g.graph.addInitializer('b', randomTensor([6], 8)),
  ];
  const y = addIf(g, (graph, name) => {
    const product = graph.add({ op: 'MatMul', inputs: [x, w], outputs: [`${name}_product`] }).output;
    return graph.add({ op: 'Add', inputs: [product, b], outputs: [`${name}_out`] }).output;
  });
  g.output(y, 'y', 'float32', ['n', 6]);
  expect(kinds(await check(g.model()))).toEqual(['If', 'Gemm', 'Gemm']);
});

test.each(['rank 3', 'unknown rank', 'bias that is an input', 'bias along rows', 'scalar bias', 'read elsewhere'])(
  'not fused: %s',
  (what) => {
    const g = new GraphBuilder('net');
    const shape = what === 'rank 3' ? ['n', 2, K] : ['n', K];
    const x = what === 'unknown rank' ? g.input('x', 'float32') : g.input('x', 'float32', shape);
    const product = g.op('MatMul', [x, g.graph.addInitializer('w', randomTensor([K, 6], 7))]);
    const dims = what === 'bias along rows' ? [3, 1] : what === 'scalar bias' ? [1] : [6];
    const bias =
      what === 'bias that is an input'
        ? g.input('b', 'float32', [6])
        : g.graph.addInitializer('b', randomTensor(dims, 8));
    g.output(g.op('Add', [product, bias]), 'y');
    if (what === 'read elsewhere') g.output(g.op('Relu', [product]), 'z');
    expect(applyPasses(g.model(), PASS).applied).toEqual([]);
  },
);
