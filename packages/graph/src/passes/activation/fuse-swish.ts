import { attribute, type AttributeValue } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { type GatedProduct, gatedProducts } from './gated-product.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import { isNear, polynomialOf } from './polynomial.js';
import { MICROSOFT, requireMicrosoft } from '../pattern/require-microsoft.js';

/** HardSwish and Swish are operators of the standard from these opsets on. */
const HARD_SWISH_OPSET = 14;
const SWISH_OPSET = 24;

/** A product of x and a gate that `read` recognises, with the attributes of the operator that stands for both. */
function* matches(node: Node, context: PassContext, read: (product: GatedProduct) => Attributes | undefined) {
  for (const product of gatedProducts(node, context.types)) {
    const attributes = isNear(product.coefficient, 1, product.u) ? read(product) : undefined;
    if (attributes && product.fragment.isClosed) yield { ...product, attributes };
  }
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** x·sigmoid(alpha·x). */
function swish({ fragment, x, gate, types }: GatedProduct): Attributes | undefined {
  const argument = fragment.take(gate, 'Sigmoid')?.input(0);
  const line = argument && polynomialOf(argument, x, fragment, types);
  const slope = line?.size === 1 ? line.get(1) : undefined;
  return slope && { alpha: attribute.float(slope.value) };
}

/** x·hardsigmoid(x) with slope 1/6 and offset 1/2. */
function hardSwish({ fragment, x, gate }: GatedProduct): Attributes | undefined {
  const sigmoid = fragment.take(gate, 'HardSigmoid');
  const [alpha, beta] = [sigmoid?.float('alpha', Math.fround(0.2)), sigmoid?.float('beta', 0.5)];
  return sigmoid?.input(0) === x && alpha === Math.fround(1 / 6) && beta === 0.5 ? {} : undefined;
}

/**
 * Turns x·hardsigmoid(x) into HardSwish. Only when named: ONNX Runtime 1.30 has no kernel for it and takes it apart again.
 *
 * Bound, u the unit roundoff: both round the gate by 3u at most and the product by u·|y|: 8·u·|x| together.
 */
export const fuseHardSwish = definePass({
  name: 'fuse-hard-swish',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const [found] = matches(node, context, hardSwish);
        if (!found || !context.hasOperator(scope, 'HardSwish', HARD_SWISH_OPSET, node)) continue;
        found.fragment.replace({ op: 'HardSwish', name: node.name, inputs: [found.x] });
        changes++;
      }
    }
    return { changes };
  },
});

/**
 * Turns x·sigmoid(alpha·x) into Swish. Only when named: ONNX Runtime 1.30 makes a faster QuickGelu of the product itself.
 *
 * Bound, u the unit roundoff: the sigmoid errs by a few u and |t·f'(t)| <= 0.28, so either form errs by 8·u·|x|: 16·u·|x| together.
 */
export const fuseSwish = definePass({
  name: 'fuse-swish',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const [found] = matches(node, context, swish);
        if (!found || !context.hasOperator(scope, 'Swish', SWISH_OPSET, node)) continue;
        const { fragment, x, attributes } = found;
        fragment.replace({ op: 'Swish', name: node.name, inputs: [x], attributes });
        changes++;
      }
    }
    return { changes };
  },
});

/** Turns x·sigmoid(alpha·x) into com.microsoft::QuickGelu, for ONNX Runtime alone, which does it by itself too. The bound is that of fuse-swish. */
export const fuseQuickGelu = definePass({
  name: 'fuse-quick-gelu',
  exactness: 'reassociates',

  run(model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const [found] = matches(node, context, swish);
        if (!found || !requireMicrosoft(model, scope)) continue;
        const { fragment, x, attributes } = found;
        fragment.replace({ op: 'QuickGelu', domain: MICROSOFT, name: node.name, inputs: [x], attributes });
        changes++;
      }
    }
    return { changes };
  },
});
