import { requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';

const domain = 'gossamer.train';

/** Throws ERR_SHAPE where input `other` is known not to have the shape of input `one`. */
function requireSameShape(context: InferenceContext, one: number, other: number): void {
  const [a, b] = [context.shapeOf(one), context.shapeOf(other)];
  if (!a || !b) return;
  const differs = a.length !== b.length || a.some((dim, axis) => areOtherNumbers(dim, b[axis]));
  if (differs) throw context.error(`input ${other}`, `the shape of input ${one}`, b);
}

const areOtherNumbers = (a: unknown, b: unknown) => typeof a === 'number' && typeof b === 'number' && a !== b;

/** dx: element for element of dy and of the argument or the result. */
const elementwiseGrad = defineRule({
  op: ['ActivationGrad', 'SoftmaxGrad', 'LogSoftmaxGrad'],
  domain,
  infer(_, context) {
    requireSameShape(context, 0, 1);
    context.set(0, context.typeOf(0));
  },
});

/** dy, x, scale, mean, inv_std -> dx like x, dscale and dbias like scale. */
const layerNormGrad = defineRule({
  op: 'LayerNormGrad',
  domain,
  infer(_, context) {
    requireSameShape(context, 0, 1);
    context.set(0, context.typeOf(1));
    context.set(1, context.typeOf(2));
    context.set(2, context.typeOf(2));
  },
});

/** logits [n, c, d..], labels and weights [n, d..] -> loss [], log_prob like the logits. */
const softmaxCrossEntropy = defineRule({
  op: 'SoftmaxCrossEntropy',
  domain,
  infer(_, context) {
    const logits = requireRankFrom(context, 0, 2);
    requirePositions(context, logits, 1);
    requirePositions(context, logits, 2);
    context.setTensor(0, context.dtypeOf(0), []);
    context.set(1, context.typeOf(0));
  },
});

/** dloss [], log_prob, labels, weights -> dlogits like log_prob. */
const softmaxCrossEntropyGrad = defineRule({
  op: 'SoftmaxCrossEntropyGrad',
  domain,
  infer(_, context) {
    const logProb = requireRankFrom(context, 1, 2);
    requirePositions(context, logProb, 2);
    requirePositions(context, logProb, 3);
    context.set(0, context.typeOf(1));
  },
});

/** Throws ERR_SHAPE where input `slot` is known not to have the axes of the logits without that of the classes. */
function requirePositions(context: InferenceContext, logits: ReturnType<typeof requireRankFrom>, slot: number): void {
  const shape = context.shapeOf(slot);
  if (!logits || !shape) return;
  const positions = logits.filter((_, axis) => axis !== 1);
  const fits = positions.length === shape.length && !positions.some((dim, i) => areOtherNumbers(dim, shape[i]));
  if (!fits) throw context.error(`input ${slot}`, 'the shape of the logits without axis 1', shape);
}

/** Gradients along rows and of activations. */
export const trainRowsRules = [elementwiseGrad, layerNormGrad, softmaxCrossEntropy, softmaxCrossEntropyGrad];
