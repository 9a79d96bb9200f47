import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineFunction } from './train-function.js';

/** A number on the grid before it is rounded: x / scale + zero point. */
export const onGrid = (g: Emitter, x: Value, scale: Value, zeroPoint: Value): Value =>
  g.add(g.div(x, scale), zeroPoint);

/** The codes' limits as constants. */
export const codeLimits = (g: Emitter, node: Node): readonly [Value, Value] => [
  g.constant(node.int('quant_min', 0)),
  g.constant(node.int('quant_max', 255)),
];

/**
 * Inputs x, scale and zero point (float32, broadcast to x; the zero point a whole number), attributes quant_min and quant_max, and comes_back of its gradient; output
 * (clip(round(x / scale) + zero point, quant_min, quant_max) - zero point) * scale, rounded half to even. In these operators and never in
 * QuantizeLinear, which ONNX Runtime would fuse into integer kernels.
 */
export const fakeQuantizeFunction = defineFunction({
  name: 'FakeQuantize',
  body(g, node, inputs) {
    const [x, scale, zeroPoint] = inputs as [Value, Value, Value];
    const [low, high] = codeLimits(g, node);
    const codes = g.op('Clip', [g.add(g.op('Round', [g.div(x, scale)]), zeroPoint), low, high]);
    return [g.mul(g.sub(codes, zeroPoint), scale)];
  },
});
