import { largeSingularValues } from '@gossamer/kernels';
import { remainders } from './cut-matrix.js';
import { defineMethod } from './method.js';
import { refuseKernel, stridesOf } from './refuse-kernel.js';

/**
 * k x 1 to rank channels, then 1 x k: the SVD of the kernel laid out as [input channel and row, output channel and column].
 *
 * Source: Jaderberg et al., "Speeding up convolutional neural networks with low rank expansions", 2014 (arXiv:1405.3866), scheme 2.
 */
export const spatial = defineMethod({
  name: 'spatial',
  refuse: (view) => {
    const sizes = view.shape.slice(2);
    const isFlat = view.op === 'Conv' && (sizes.length !== 2 || sizes.includes(1));
    return refuseKernel(view, 'spatial') ?? (isFlat ? 'spatial is of kernels with two axes above 1' : undefined);
  },

  decompose({ weight, view, elementBytes, ranksUpTo }) {
    const [outs, ins, height, width] = view.shape as [number, number, number, number];
    const [tall, wide] = [ins * height, outs * width];
    const laid = new Float64Array(weight.length);
    weight.forEach((x, at) => {
      const [o, rest] = [Math.floor(at / (tall * width)), at % (tall * width)];
      laid[Math.floor(rest / width) * wide + o * width + (rest % width)] = x;
    });
    const { values, u, v } = largeSingularValues(laid, tall, wide);
    const rest = remainders(values);
    const live = values.findIndex((value) => value === 0);
    const strideAlong = stridesOf(view)[1]!;
    return {
      // The first stage has the rows of the output, and the columns of the input.
      candidates: ranksUpTo(live < 0 ? values.length : live).map((rank) => ({
        ranks: [rank],
        bytes: rank * (tall + wide) * elementBytes,
        macs: rank * (tall * strideAlong + wide),
      })),
      failures: [],
      lost: ({ ranks: [rank] }) => rest[rank!]! / rest[0]!,
      factor({ ranks }) {
        const rank = ranks[0]!;
        const down = new Float64Array(rank * tall);
        const across = new Float64Array(rank * wide);
        const prefix = new Float64Array(rank * width * tall * width);
        for (let p = 0; p < rank; p++) {
          const root = Math.sqrt(values[p]!);
          for (let i = 0; i < tall; i++) {
            down[p * tall + i] = root * u[p * tall + i]!;
            for (let w = 0; w < width; w++) {
              prefix[((p * width + w) * tall + i) * width + w] = down[p * tall + i]!;
            }
          }
          for (let o = 0; o < outs; o++) {
            for (let w = 0; w < width; w++) {
              across[(o * rank + p) * width + w] = root * v[p * wide + o * width + w]!;
            }
          }
        }
        return {
          stages: [{ weight: down, dims: [rank, ins, height, 1], group: 1, axes: [0] }],
          last: { weight: across, dims: [outs, rank, 1, width], group: 1, axes: [1] },
          prefix,
        };
      },
    };
  },
});
