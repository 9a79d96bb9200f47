import { windowOf } from '../emit/window.js';
import { byIndices } from './max-pool-grad/by-indices.js';
import { byUnpool, tiles } from './max-pool-grad/by-unpool.js';
import { defineFunction } from './train-function.js';

/**
 * dx from dy, x and y = MaxPool(x): dy goes to the first maximum of its window, row by row.
 *
 * Both bodies ask MaxPool for the places again. That is ONNX Runtime's slow MaxPool (15 times the one without them), and still the fastest way there:
 * of x [128, 20, 24, 24] by 2 x 2, MaxUnpool takes 6.9 ms, ScatterElements 8.3, a comparison of x with y on a view of windows 17 without
 * and 35 with a decision among equal maxima, a comparison tap by tap 21 (Zen 5, one thread).
 */
export const maxPoolGrad = defineFunction({
  name: 'MaxPoolGrad',
  body(g, node, inputs) {
    const [dy, x, y] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const window = windowOf(node, g.shape(x).slice(2), g.shape(y).slice(2));
    return [tiles(window) ? byUnpool(g, dy, x, window) : byIndices(g, dy, x, window, node.int('ceil_mode', 0))];
  },
});
