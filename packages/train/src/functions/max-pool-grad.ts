import { windowOf } from '../emit/window.js';
import { byIndices } from './max-pool-grad/by-indices.js';
import { byView, hasView } from './max-pool-grad/by-view.js';
import { defineFunction } from './train-function.js';

/** dx from dy, x and y = MaxPool(x): dy goes to the first maximum of its window, row by row. */
export const maxPoolGrad = defineFunction({
  name: 'MaxPoolGrad',
  body(g, node, inputs) {
    const [dy, x, y] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const window = windowOf(node, g.shape(x).slice(2), g.shape(y).slice(2));
    if (hasView(window)) return [byView(g, dy, x, y, window)];
    return [byIndices(g, dy, x, window, node.int('ceil_mode', 0))];
  },
});
