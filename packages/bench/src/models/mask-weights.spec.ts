import { attribute, GraphBuilder, Tensor } from '@gossamer/graph';
import { parseMask } from '../cases/mask.js';
import { amdahl } from './amdahl.js';
import { maskWeights } from './mask-weights.js';

/** Five layers: conv, conv 3x3, depthwise conv, matrix product, Gemm. */
function network() {
  const g = new GraphBuilder('net', { opset: 21 });
  const weight = (name: string, dims: number[]) => {
    const data = new Int8Array(dims.reduce((a, b) => a * b, 1)).fill(1);
    const w = g.graph.addInitializer(name, Tensor.of('int8', dims, data));
    return g.op('DequantizeLinear', [w, g.constant(0.1, 'float32'), g.constant(0, 'int8')]);
  };
  let x = g.input('x', 'float32', [1, 128, 4, 4]);
  x = g.op('Conv', [x, weight('first', [128, 128, 1, 1])]);
  x = g.op('Conv', [x, weight('square', [128, 128, 3, 3])], { pads: [1, 1, 1, 1] });
  x = g.op('Conv', [x, weight('depthwise', [128, 1, 3, 3])], { pads: [1, 1, 1, 1], group: 128 });
  x = g.op('Flatten', [g.op('GlobalAveragePool', [x])]);
  x = g.op('MatMul', [x, weight('product', [128, 64])]);
  x = g.op('Gemm', [x, weight('last', [10, 64])], { transB: attribute.int(1) });
  return g.output(x, 'y').model();
}

const weightOf = (model: ReturnType<typeof network>, name: string) => {
  const value = [...model.graph.nodes()].flatMap(({ inputs }) => inputs).find((input) => input?.name === name);
  return new Int8Array(value!.initializer!.bytes());
};

describe('maskWeights', () => {
  const before = network();
  const { model, sparsity, layers } = maskWeights(before, parseMask('12:64'));

  it('masks inner layers only, and not the model it was given', () => {
    expect(layers).toBe(2);
    expect(sparsity).toBeCloseTo(1 - 12 / 64);
    for (const name of ['first', 'depthwise', 'last']) expect(weightOf(model, name)).not.toContain(0);
    expect(weightOf(before, 'square')).not.toContain(0);
  });

  it('counts windows of a convolution along the channels of one kernel position', () => {
    const w = weightOf(model, 'square');
    for (let output = 0; output < 128; output += 37) {
      for (let tap = 0; tap < 9; tap++) {
        for (const start of [0, 64]) {
          let alive = 0;
          for (let c = start; c < start + 64; c++) alive += w[(output * 128 + c) * 9 + tap]!;
          expect(alive).toBe(12);
        }
      }
    }
  });

  it('counts windows of a product along its input axis', () => {
    const w = weightOf(model, 'product');
    for (let output = 0; output < 64; output += 13) {
      for (const start of [0, 64]) {
        let alive = 0;
        for (let i = start; i < start + 64; i++) alive += w[i * 64 + output]!;
        expect(alive).toBe(12);
      }
    }
  });
});

describe('amdahl', () => {
  it('speeds up only the share that products have', () => {
    expect(amdahl({ Conv: 0.8, Add: 0.2 }, ['Conv', 'Gemm'], 4)).toBeCloseTo(2.5);
    expect(amdahl({ Add: 1 }, ['Conv'], 100)).toBe(1);
  });
});
