import { type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, attributesOf, replaceNode } from '../edit/node-edits.js';
import { addDequantize, quantizeInPlace } from './affine.js';

/**
 * Operators on codes (QLinearConv, com.microsoft's QLinearAdd, QGemm, ...) become what they mean: DequantizeLinear, the operator on reals,
 * QuantizeLinear. So all that follows has one form to look for. Left alone where a scale is no constant.
 */
export function expandQOperators(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.domain === 'com.microsoft' && /^(De|Q)(quantize|uantize)Linear$/.test(node.op)) {
      compilation.graph.retarget(node, { domain: '' });
      continue;
    }
    const key = node.domain === '' ? node.op : node.domain === 'com.microsoft' ? `ms.${node.op}` : '';
    const expand = Object.hasOwn(EXPANSIONS, key) ? EXPANSIONS[key] : undefined;
    if (expand && node.int('channels_last', 0) === 0) expand(node, compilation);
  }
}

type Expansion = (node: Node, compilation: Compilation) => void;

/** Inputs are triples of codes, scale and zero point, then scale and zero point of the result. */
const elementwise =
  (op: string, operands: number): Expansion =>
  (node, compilation) => {
    const result = 3 * operands;
    const triples = Array.from({ length: operands }, (_, i) => triple(node, 3 * i));
    expand(node, compilation, triples, [node.input(result)!, node.input(result + 1)], (reals) => ({
      op,
      inputs: reals,
      attributes: attributesOf(node, 'channels_last', 'opset'),
    }));
  };

const EXPANSIONS: Readonly<Record<string, Expansion>> = {
  QLinearConv: expandConv,
  QLinearMatMul: (node, compilation) => {
    const columns = (compilation.rankOf(node.input(3)) ?? 2) - 1;
    expand(
      node,
      compilation,
      [triple(node, 0), triple(node, 3)],
      [node.input(6)!, node.input(7)],
      (reals) => ({ op: 'MatMul', inputs: reals }),
      [undefined, columns],
    );
  },
  'ms.QLinearAdd': elementwise('Add', 2),
  'ms.QLinearMul': elementwise('Mul', 2),
  'ms.QLinearSigmoid': elementwise('Sigmoid', 1),
  'ms.QLinearLeakyRelu': elementwise('LeakyRelu', 1),
  'ms.QLinearAveragePool': elementwise('AveragePool', 1),
  'ms.QLinearGlobalAveragePool': elementwise('GlobalAveragePool', 1),
  'ms.QLinearSoftmax': (node, compilation) => {
    const rank = compilation.rankOf(node.input(0));
    const axis = node.int('axis', -1);
    // Before opset 13 all axes from `axis` on are one.
    const isOneAxis = node.int('opset', 13) >= 13 || axis === -1 || axis + 1 === rank;
    if (isOneAxis) elementwise('Softmax', 1)(node, compilation);
  },
  'ms.QLinearConcat': (node, compilation) => {
    const parts = Array.from({ length: (node.inputs.length - 2) / 3 }, (_, i) => triple(node, 2 + 3 * i));
    const attributes = attributesOf(node);
    expand(node, compilation, parts, [node.input(0)!, node.input(1)], (reals) => ({
      op: 'Concat',
      inputs: reals,
      attributes,
    }));
  },
  'ms.QGemm': expandGemm,
};

type Triple = readonly [Value, Value, Value | undefined];
const triple = (node: Node, at: number): Triple => [node.input(at)!, node.input(at + 1)!, node.input(at + 2)];

interface RealOperator {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: ReturnType<typeof attributesOf>;
}

function expand(
  node: Node,
  compilation: Compilation,
  operands: readonly Triple[],
  [scale, zero]: readonly [Value, Value | undefined],
  operator: (reals: Value[]) => RealOperator,
  axes: readonly (number | undefined)[] = [],
): void {
  const parameters = [...operands.flatMap(([, s, z]) => [s, z]), scale, zero];
  if (!parameters.every((value) => !value || value.constant)) return;
  const reals = operands.map((operand, i) =>
    addDequantize(compilation, node, operand, operand[1].constant!.length > 1 ? axes[i] : undefined),
  );
  const real = addBefore(
    compilation,
    node,
    { domain: '', name: node.name, ...operator(reals) },
    { name: `${node.output.name}_real`, dtype: 'float32', shape: compilation.shapeOf(node.output) },
  );
  quantizeInPlace(compilation, node, [real, scale, zero]);
}

function expandConv(node: Node, compilation: Compilation): void {
  const [x, w] = [triple(node, 0), triple(node, 3)];
  if (!x[1].constant || !w[1].constant) return;
  const bias = node.input(8) && dequantizedBias(node, node.input(8)!, x[1], w[1], 1, compilation);
  const attributes = attributesOf(node);
  const operator = (reals: Value[]) => ({ op: 'Conv', inputs: [...reals, ...(bias ? [bias] : [])], attributes });
  expand(node, compilation, [x, w], [node.input(6)!, node.input(7)], operator, [undefined, 0]);
}

/** alpha A' B' + C; the scale of C is alpha times those of A and B. Without parameters of the result it is float32. */
function expandGemm(node: Node, compilation: Compilation): void {
  const [a, b] = [triple(node, 0), triple(node, 3)];
  const parameters = [a[1], a[2], b[1], b[2]];
  if (!parameters.every((value) => !value || value.constant)) return;
  const alpha = node.float('alpha', 1);
  const bias = node.input(6) && dequantizedBias(node, node.input(6)!, a[1], b[1], alpha, compilation);
  const attributes = attributesOf(node);
  const transB = node.int('transB', 0);
  const axes = [undefined, transB === 1 ? 0 : 1] as const;
  const operator = (reals: readonly Value[]) => ({
    op: 'Gemm',
    domain: '',
    inputs: [...reals, ...(bias ? [bias] : [])],
    attributes,
  });
  const scale = node.input(7);
  if (scale) return expand(node, compilation, [a, b], [scale, node.input(8)], operator, axes);
  const reals = [a, b].map((operand, i) =>
    addDequantize(compilation, node, operand, operand[1].constant!.length > 1 ? axes[i] : undefined),
  );
  replaceNode(compilation, node, operator(reals));
}

function dequantizedBias(
  node: Node,
  codes: Value,
  xScale: Value,
  wScale: Value,
  alpha: number,
  compilation: Compilation,
): Value {
  const x = xScale.constant!.item();
  const scales = Array.from(wScale.constant!.toFloat32(), (w) => Math.fround(alpha * Math.fround(x * w)));
  const dims = scales.length === 1 ? [] : [scales.length];
  const scale = compilation.graph.addInitializer(`${codes.name}_scale`, Tensor.fromNumbers('float32', dims, scales));
  const axis = scales.length === 1 ? undefined : Math.max((codes.constant?.dims.length ?? 1) - 1, 0);
  return addDequantize(compilation, node, [codes, scale, undefined], axis);
}
