import type { Formulation } from './formulation.js';

/**
 * A convolution of x with dy as its kernel: batch and channels exchanged, strides and dilations exchanged. Serves every convolution, and where
 * nothing else does (groups with dilation).
 */
export const dilatedConv: Formulation = (g, x, dy, { batch, channels, group, input, kernel, ...window }) => {
  const depth = channels / group;
  const spatial = kernel.map((_, axis) => axis);
  const split = g.reshape(x, [batch, group, depth, ...input]);
  const images = g.transpose(split, [2, 1, 0, ...spatial.map((axis) => axis + 3)]);
  const d = g.op(
    'Conv',
    [g.reshape(images, [depth, group * batch, ...input]), g.transpose(dy, [1, 0, ...spatial.map((axis) => axis + 2)])],
    { strides: window.dilations, dilations: window.strides, pads: [...window.padsBegin, ...window.padsEnd], group },
  );
  // Where no position reached the end of x, there are more results than taps.
  const found = g.shape(d).slice(2);
  const isExact = found.every((size, axis) => size === kernel[axis]);
  const axes = spatial.map((axis) => axis + 2);
  const taps = isExact
    ? d
    : g.slice(
        d,
        axes,
        spatial.map(() => 0),
        kernel,
      );
  return g.transpose(taps, [1, 0, ...axes]);
};
