import { GraphBuilder } from '../builder.js';
import { attribute } from '../ir/attribute.js';
import { symbol } from '../ir/dim.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { bert, leNet5, mobileNetV2, resNet20, tinyLm } from '../zoo/index.js';
import { countMacs, inferTypes, spellType } from './index.js';

/** A convolution over [n, 3, h, w], flattened to [n, -1]. */
function network() {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 3, 'h', 'w']);
  const w = g.weight('w', [8, 3, 3, 3], new Float32Array(216));
  const y = g.op('Conv', [x, w], { strides: [2, 2], pads: [1, 1, 1, 1] });
  const z = g.op('Flatten', [y]);
  return { model: g.output(z, 'z').model(), y, z };
}

describe('symbols', () => {
  it('travel through the graph', () => {
    const { model, y, z } = network();
    const types = inferTypes(model);
    expect(spellType(types.typeOf(y))).toBe('float32[n,8,floor((h+1)/2),floor((w+1)/2)]');
    expect(types.shapeOf(z)?.[0]?.toString()).toBe('n');
    expect(types.staticShapeOf(z)).toBeUndefined();
  });

  it('are bound by name, or by the type of an input', () => {
    const { model, y, z } = network();
    expect(inferTypes(model, { bind: { n: 2, h: 9, w: 8 } }).staticShapeOf(y)).toEqual([2, 8, 5, 4]);
    const types = inferTypes(model, { inputs: { x: tensorType('float32', [2, 3, 9, 8]) } });
    expect(types.staticShapeOf(z)).toEqual([2, 160]);
    expect(types.bindings).toEqual({ n: 2, h: 9, w: 8 });
  });

  it('name the unknown dimensions of inputs', () => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32');
    g.graph.setType(x, tensorType('float32', [undefined, 4]));
    const sum = g.op('Add', [x, g.op('Relu', [x])]);
    const types = inferTypes(g.output(sum, 'y').model(), {});
    expect(String(types.shapeOf(sum))).toBe('x[0],4');
    expect(inferTypes(g.model(), { bind: { 'x[0]': 3 } }).staticShapeOf(sum)).toEqual([3, 4]);
  });

  it('keep affine forms: 2n+1 and n*h', () => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 'h']);
    const one = g.input('one', 'float32', [1, 'h']);
    const joined = g.op('Concat', [x, one, x], { axis: 0 });
    const flat = g.op('Reshape', [x, g.constant([-1])]);
    const types = inferTypes(g.output(joined).output(flat).model());
    expect(String(types.shapeOf(joined))).toBe('2*n+1,h');
    expect(String(types.shapeOf(flat))).toBe('h*n');
  });
});

describe('declared types', () => {
  const declaredAs = (shape: readonly (number | string)[], dtype = 'float32' as const) => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4]);
    const y = g.op('Relu', [x]);
    return { model: g.output(y, 'y', dtype, shape).model(), y };
  };

  it('lose against computed ones, with a warning', () => {
    const { model, y } = declaredAs(['n', 5]);
    const types = inferTypes(model);
    expect(String(types.shapeOf(y))).toBe('n,4');
    expect(types.warnings).toEqual(['value y: declared float32[n,5], computed float32[n,4]; computed wins']);
  });

  it('do not conflict where they only name or fix a symbol', () => {
    for (const shape of [
      ['batch', 4],
      [1, 4],
      ['n', 'features'],
    ]) {
      expect(inferTypes(declaredAs(shape).model).warnings).toEqual([]);
    }
  });

  it('fill in what is not computed: operators without a rule, data-dependent sizes', () => {
    const g = new GraphBuilder('net', { domains: { 'my.domain': 1 } });
    const x = g.input('x', 'float32', ['n', 4]);
    const opaque = g.op('Mystery', [x], {}, { domain: 'my.domain' });
    const found = g.op('NonZero', [x]);
    g.output(opaque, 'a', 'float32', ['m', 3]).output(found, 'b', 'int64', [2, 'hits']);
    const types = inferTypes(g.model());
    expect(spellType(types.typeOf(opaque))).toBe('float32[m,3]');
    expect(String(types.shapeOf(found))).toBe('2,hits');
    expect(inferTypes(g.model(), { bind: { hits: 7 } }).staticShapeOf(found)).toEqual([2, 7]);
  });

  it('are not filled in as numbers when an input is given another size than declared', () => {
    const g = new GraphBuilder('net', { domains: { 'my.domain': 1 } });
    const x = g.input('x', 'float32', [1, 4]);
    const opaque = g.op('Mystery', [x], {}, { domain: 'my.domain' });
    g.output(opaque, 'a', 'float32', [1, 3]);
    const types = inferTypes(g.model(), { inputs: { x: tensorType('float32', [8, 4]) } });
    expect(spellType(types.typeOf(opaque))).toBe('float32[?,?]');
  });

  it('stay untouched in the model', () => {
    const { model, y } = declaredAs(['n', 5]);
    inferTypes(model);
    expect(spellType(y.type)).toBe('float32[n,5]');
  });
});

describe('initializers', () => {
  const reshaped = (irVersion: number) => {
    const g = new GraphBuilder('net', { irVersion });
    const x = g.input('x', 'float32', [2, 6]);
    const shape = g.constant([3, 4]);
    g.graph.addInput(shape.name, tensorType('int64', [2]));
    const y = g.op('Reshape', [x, shape]);
    return { model: g.output(y, 'y').model(), y };
  };

  it('that are inputs too may be replaced, so their contents are not used', () => {
    const { model, y } = reshaped(8);
    expect(String(inferTypes(model).shapeOf(y))).toBe(',');
  });

  it('had to be inputs before IR version 4', () => {
    const { model, y } = reshaped(3);
    expect(inferTypes(model).staticShapeOf(y)).toEqual([3, 4]);
  });

  it('of 64-bit bounds are clamped, not refused', () => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4]);
    const end = g.graph.addInitializer('end', Tensor.fromNumbers('int64', [1], [2n ** 63n - 1n]));
    const y = g.op('Slice', [x, g.constant([0]), end, g.constant([0])]);
    expect(String(inferTypes(g.output(y).model(), { strict: true }).shapeOf(y))).toBe('n,4');
  });
});

test('contents of inputs may be given', () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const shape = g.input('shape', 'int64', [3]);
  const y = g.op('Reshape', [x, shape]);
  g.output(y);
  expect(String(inferTypes(g.model()).shapeOf(y))).toBe(',,');
  const data = { shape: Tensor.fromNumbers('int64', [3], [0, 2, -1]) };
  expect(String(inferTypes(g.model(), { data }).shapeOf(y))).toBe('n,2,2');
});

describe('a node that cannot be right', () => {
  const broken = () => {
    const g = new GraphBuilder('net');
    const y = g.op(
      'MatMul',
      [g.input('a', 'float32', [2, 3]), g.input('b', 'float32', [4, 5])],
      {},
      { name: 'product' },
    );
    return { model: g.output(g.op('Relu', [y]), 'z').model(), y };
  };

  it('is a warning, its outputs unknown', () => {
    const { model, y } = broken();
    const types = inferTypes(model);
    expect(types.warnings).toEqual(['node product (MatMul): inputs: expected equal sizes 3, received 4']);
    expect(types.typeOf(y)).toBeUndefined();
  });

  it('is an error in strict mode', () => {
    expect(() => inferTypes(broken().model, { strict: true })).toThrow(
      expect.objectContaining({ code: 'ERR_SHAPE', message: expect.stringContaining('node product') as string }),
    );
  });

  it('of another kind (a wrong attribute) is reported alike', () => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', [2, 3]);
    const y = g.op('Softmax', [g.op('Flatten', [x], { axis: attribute.string('one') })]);
    const types = inferTypes(g.output(y).model());
    expect(types.warnings).toEqual(['node flatten_out (Flatten): attribute axis: expected int, received string']);
  });
});

test('a model without anything is fine', () => {
  const { graph } = new GraphBuilder('empty');
  expect(inferTypes(new Model({ irVersion: 8, opsets: new Map(), graph })).warnings).toEqual([]);
});

/** Known counts: resnet20 at 32x32 41 M, MobileNetV2 300 M; LeNet-5 here has 2.3 M at 28x28. */
test.each([
  ['leNet5', leNet5()],
  ['resNet20', resNet20()],
  ['mobileNetV2', mobileNetV2()],
  ['bert', bert({ layers: 2, width: 64, heads: 4, vocabulary: 100, context: 16 })],
  ['tinyLm', tinyLm({ layers: 2, width: 32, heads: 4, vocabulary: 50, context: 8 })],
])('%s of the zoo is inferred completely, batch symbolic', (_, model) => {
  const types = inferTypes(model, { strict: true });
  for (const value of model.graph.values()) {
    expect([value.name, types.shapeOf(value)?.includes(undefined), types.dtypeOf(value)]).toEqual([
      value.name,
      false,
      expect.any(String),
    ]);
  }
  expect(countMacs(model, types).total).toBeGreaterThan(0);
});

test('an expression of a symbol may be given as the type of an input', () => {
  const { model, z } = network();
  const types = inferTypes(model, { inputs: { x: tensorType('float32', [symbol('b'), 3, 8, 8]) } });
  expect(String(types.shapeOf(z))).toBe('b,128');
});
