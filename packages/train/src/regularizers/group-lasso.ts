import { badOption, requireAtLeast, requireInteger } from '../require-option.js';
import type { RegularizedTensor, Regularizer } from './regularizer.js';

/**
 * Group lasso: the sum over groups of their 2-norm. A group is a slice (a channel, a row), or all slices of one number over several tensors.
 * The proximal step takes `threshold` off each norm and keeps the direction; a group of a smaller norm becomes 0 as a whole.
 *
 * Source: Wen et al., "Learning Structured Sparsity in Deep Neural Networks", NeurIPS 2016 (arXiv:1608.03665), section 3 (all groups weigh
 * alike); the block soft threshold: Yuan and Lin, "Model selection and estimation in regression with grouped variables", 2006.
 */
export const groupLasso: Regularizer = {
  name: 'group-lasso',

  penalty: (tensors) => groupNorms(tensors).reduce((sum, norm) => sum + norm, 0),

  shrink(tensors, threshold) {
    requireAtLeast('threshold', threshold, 0);
    const factors = groupNorms(tensors).map((norm) => (norm <= threshold ? 0 : 1 - threshold / norm));
    for (const tensor of tensors) {
      // Not a product for 0: that of a negative weight would be -0.
      eachElement(
        tensor,
        (i, group) => (tensor.data[i] = factors[group] === 0 ? 0 : tensor.data[i]! * factors[group]!),
      );
    }
  },
};

/** The 2-norm of every group, in double. */
function groupNorms(tensors: readonly RegularizedTensor[]): Float64Array {
  let count = 0;
  for (const tensor of tensors) {
    const { shape, axis = 0, groupOf } = tensor;
    if (!(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
      badOption('axis', `an axis of [${shape.join()}]`, axis);
    }
    const slices = shape[axis]!;
    if (groupOf && groupOf.length !== slices) badOption('groupOf', `${slices} groups`, groupOf.length);
    for (const group of Array.from(groupOf ?? [])) requireInteger('groupOf', group, 0);
    count = Array.from(groupOf ?? [slices - 1]).reduce((most, group) => Math.max(most, group + 1), count);
  }
  const norms = new Float64Array(count);
  for (const tensor of tensors) eachElement(tensor, (i, group) => (norms[group]! += tensor.data[i]! ** 2));
  return norms.map(Math.sqrt);
}

function eachElement({ data, shape, axis = 0, groupOf }: RegularizedTensor, visit: (i: number, group: number) => void) {
  // Elements between two slices.
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const slices = shape[axis]!;
  for (let i = 0; i < data.length; i++) {
    const slice = Math.floor(i / stride) % slices;
    visit(i, groupOf ? groupOf[slice]! : slice);
  }
}
