import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import type { Attributes } from '../emit/emitter.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';
import { lowered } from '../testing/lowered.js';

const REDUCTIONS = ['none', 'mean', 'sum'];
const FORMS = REDUCTIONS.flatMap((reduction) => [
  { reduction },
  { reduction, ignore_index: 1 },
  { reduction, ignore_index: -100 },
]);

describe.each(['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss'])('%s', (op) => {
  test.each<Attributes>(FORMS)('%j', (attributes) => {
    const ignored = attributes['ignore_index'] === -100 ? -100 : 1;
    for (const weighted of [false, true]) {
      checkLowering({ x: { shape: [4, 3] } }, (g, { x }) => {
        const labels = g.int64([2, ignored, 0, 2]);
        return g.op(op, weighted ? [x, labels, g.constant([0.5, 1, 2])] : [x, labels], attributes);
      });
    }
  });

  test.each(REDUCTIONS)('of maps, labels int32, reduction %s', (reduction) => {
    checkLowering({ x: { shape: [2, 3, 2, 1] } }, (g, { x }) =>
      g.op(op, [x, g.constant([0, 2, 1, 1], 'int32', [2, 2, 1]), g.constant([0.5, 1, 2])], { reduction }),
    );
  });
});

test.each(['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss'])(
  '%s: no gradient where all labels are ignored, however large the factor',
  (op) => {
    const g = emptyEmitter();
    const loss = g.op(op, [g.input('x', 'float32', [2, 3]), g.int64([1, 1])], { ignore_index: 1 });
    g.output(g.scale(lowered(g, loss)[0]!, 65536), 'loss');
    const { model } = differentiate(g.model, { loss: 'loss', wrt: ['x'] });
    const x = Tensor.of('float32', [2, 3], Float32Array.of(-1, -2, -3, -4, -5, -6));
    const gradient = evaluate(expandFunctions(model), { x })['gradient/x']!.toFloat32();
    expect([...gradient].map((value) => value + 0)).toEqual([0, 0, 0, 0, 0, 0]);
  },
);

test('the logarithms of SoftmaxCrossEntropyLoss', () => {
  for (const reduction of ['none', 'mean']) {
    checkLowering({ x: { shape: [2, 3] } }, (g, { x }) => {
      return g.ops('SoftmaxCrossEntropyLoss', [x, g.int64([2, 0])], { reduction }, { outputs: 2 })[1]!;
    });
  }
});
