import { dtypeCode } from '@gossamer/graph';
import { checkGradient } from '../testing/check-gradient.js';

test('Cast between floats, and to integers and back, through which nothing flows', () => {
  checkGradient({ x: { shape: [6] } }, (g, { x }) => {
    const wide = g.op('Cast', [x], { to: dtypeCode('float64') });
    const back = g.op('CastLike', [g.mul(wide, wide), x]);
    const integers = g.op('Cast', [x], { to: dtypeCode('int32') });
    return g.add(
      g.op('Cast', [back], { to: dtypeCode('float32') }),
      g.op('Cast', [integers], { to: dtypeCode('float32') }),
    );
  });
});
