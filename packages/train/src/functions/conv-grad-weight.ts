import { chooseFormulation } from './conv-grad-weight/choose.js';
import { convolutionOf } from './convolution.js';
import { defineFunction } from './train-function.js';

/** dw [o, c / group, kernel..] from x [n, c, ..] and dy [n, o, ..]: for every tap of the kernel, the products of dy with what the tap saw. */
export const convGradWeight = defineFunction({
  name: 'ConvGradWeight',
  body(g, node, inputs) {
    const [x, dy] = [inputs[0]!, inputs[1]!];
    const problem = convolutionOf(node, g.shape(x), g.shape(dy), node.ints('kernel_shape', []));
    return [chooseFormulation(problem)(g, x, dy, problem)];
  },
});
