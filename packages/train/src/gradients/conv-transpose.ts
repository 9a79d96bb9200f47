import type { Node } from '@gossamer/graph';
import { extentOf, type Window, windowAttributes } from '../emit/window.js';
import { defineGradient } from './gradient-rule.js';

/**
 * The window of the convolution that a transposed one is the gradient of: it slides over y, its positions are the elements of x. output_shape and
 * auto_pad are resolved to pads, which are never negative. Source: ONNX operator ConvTranspose.
 */
function convolutionWindow(node: Node, x: readonly number[], y: readonly number[], kernel: readonly number[]): Window {
  const ones = x.map(() => 1);
  const pads = node.ints('pads', new Array<number>(2 * x.length).fill(0));
  const window: Window = {
    input: y,
    output: x,
    kernel,
    strides: node.ints('strides', ones),
    dilations: node.ints('dilations', ones),
    padsBegin: pads.slice(0, x.length),
    padsEnd: pads.slice(x.length),
  };
  const autoPad = node.string('auto_pad', 'NOTSET');
  if (autoPad === 'VALID') return { ...window, padsBegin: x.map(() => 0), padsEnd: x.map(() => 0) };
  if (!autoPad.startsWith('SAME') && !node.has('output_shape')) return window;
  const extra = node.ints(
    'output_padding',
    x.map(() => 0),
  );
  const total = x.map((size, axis) =>
    Math.max(0, (size - 1) * window.strides[axis]! + extentOf(window, axis) + extra[axis]! - y[axis]!),
  );
  const [small, large] = [total.map((count) => count >> 1), total.map((count) => count - (count >> 1))];
  return autoPad === 'SAME_UPPER'
    ? { ...window, padsBegin: small, padsEnd: large }
    : { ...window, padsBegin: large, padsEnd: small };
}

/** dx is the convolution of dy with w; dw that of a convolution's weight, with x and dy exchanged. */
export const convTransposeGradient = defineGradient({
  op: 'ConvTranspose',
  gradient({ g, node, inputs, x, y, dy, needs }) {
    const [, w, bias] = inputs;
    const [sizes, kernel] = [g.shape(x).slice(2), g.shape(w!).slice(2)];
    const window = windowAttributes(convolutionWindow(node, sizes, g.shape(y).slice(2), kernel));
    const group = node.int('group', 1);
    const dx = () => {
      const all = g.op('Conv', [dy, w], { ...window, group });
      // output_padding of a stride or more leaves room for positions that x does not have.
      const axes = sizes.flatMap((size, axis) => (g.shape(all)[axis + 2] === size ? [] : [axis + 2]));
      if (axes.length === 0) return all;
      return g.slice(
        all,
        axes,
        axes.map(() => 0),
        axes.map((axis) => sizes[axis - 2]!),
      );
    };
    return [
      needs(0) ? dx() : undefined,
      needs(1) ? g.call('ConvGradWeight', [dy, x], { ...window, group, kernel_shape: kernel })[0] : undefined,
      bias && needs(2) ? g.call('BiasGrad', [dy], { axis: 1 })[0] : undefined,
    ];
  },
});
