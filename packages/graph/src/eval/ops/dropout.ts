import { defineKernel, type Kernel } from '../kernel.js';

/**
 * Dropout in inference mode: the input itself, and a mask of ones. Training mode draws random numbers and is refused; so is nothing
 * before opset 12, where operators had no such mode.
 */
export const dropout: readonly Kernel[] = [
  defineKernel({
    op: 'Dropout',
    run: (call) => {
      const x = call.tensor(0);
      const training = call.opset >= 12 && call.optional(2)?.data[0] === 1;
      const ratio = call.optional(1)?.data[0] ?? call.node.float('ratio', 0.5);
      if (training && ratio !== 0) call.fail('ERR_EVAL_OP', 'training_mode', 'false (or a ratio of 0)', 'true');
      // Before opset 10 the mask has the dtype of the data.
      const mask = call.allocate(call.opset < 10 ? x.dtype : 'bool', x.dims);
      (mask.data as Uint8Array).fill(1);
      return [x, mask];
    },
  }),
];
