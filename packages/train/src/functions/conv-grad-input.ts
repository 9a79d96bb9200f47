import { chooseInputFormulation } from './conv-grad-input/choose.js';
import { convolutionOf } from './convolution.js';
import { defineFunction } from './train-function.js';

/** dx [n, c, input_shape..] from dy [n, o, ..] and w [o, c / group, kernel..]. */
export const convGradInput = defineFunction({
  name: 'ConvGradInput',
  body(g, node, inputs) {
    const [dy, w] = [inputs[0]!, inputs[1]!];
    const [, depth, ...kernel] = g.shape(w);
    const x = [g.shape(dy)[0]!, depth! * node.int('group', 1), ...node.ints('input_shape', [])];
    const problem = convolutionOf(node, x, g.shape(dy), kernel);
    return [chooseInputFormulation(problem)(g, dy, w, problem)];
  },
});
