import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import { codeLimits, onGrid } from '../functions/fake-quantize.js';
import { defineGradient } from './gradient-rule.js';
import { unbroadcast } from './unbroadcast.js';

/**
 * Straight through rounding: dx = dy inside of the codes' range and 0 outside, or with comes_back what leads inside (the projected gradient of a box). The scale (LSQ): inside round(v) - v with v = x / scale, outside the
 * limit's distance from the zero point. The zero point (LSQ+): 0 inside, -scale outside.
 *
 * Sources: Bengio et al. 2013 (arXiv:1308.3432); Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv:1902.08153), equation 3; Bhalgat
 * et al., "LSQ+", CVPR workshops 2020 (arXiv:2004.09576), equations 5 and 6.
 */
export const fakeQuantizeGradient = defineGradient({
  op: 'FakeQuantize',
  domain: TRAIN_DOMAIN,
  gradient({ g, node, inputs, dy, needs }) {
    const [x, scale, zeroPoint] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const [low, high] = codeLimits(g, node);
    const place = onGrid(g, x, scale, zeroPoint);
    const inside = g.op('And', [g.op('GreaterOrEqual', [place, low]), g.op('LessOrEqual', [place, high])]);
    const zero = g.constant(0);
    const back = (gradient: typeof x, to: typeof x) => unbroadcast(g, gradient, g.shape(to));
    const toScale = () => {
      const v = g.div(x, scale);
      const limit = g.sub(g.op('Clip', [place, low, high]), zeroPoint);
      return g.mul(dy, g.where(inside, g.sub(g.op('Round', [v]), v), limit));
    };
    const passes = () => {
      if (node.int('comes_back', 0) === 0) return inside;
      // What is beyond a limit moves against its gradient.
      const falls = g.op('And', [g.op('Greater', [place, high]), g.op('Greater', [dy, zero])]);
      const rises = g.op('And', [g.op('Less', [place, low]), g.op('Less', [dy, zero])]);
      return g.op('Or', [inside, g.op('Or', [falls, rises])]);
    };
    return [
      needs(0) ? g.where(passes(), dy, zero) : undefined,
      needs(1) ? back(toScale(), scale) : undefined,
      needs(2) ? back(g.where(inside, zero, g.neg(g.mul(dy, scale))), zeroPoint) : undefined,
    ];
  },
});
