import type { Node } from '../../ir/node.js';
import { Fragment } from '../pattern/fragment.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import { MICROSOFT, requireMicrosoft } from '../pattern/require-microsoft.js';

/**
 * Turns the exact Gelu of x plus a constant row into com.microsoft::BiasGelu, for ONNX Runtime alone, which does it by itself too; only when
 * named. Nothing else may read the sum.
 *
 * Bound, u the unit roundoff and s the sum: both round it once and err by 16·u·|s| at most (see fuse-gelu): 34·u·|s| together.
 */
export const fuseBiasGelu = definePass({
  name: 'fuse-bias-gelu',
  exactness: 'reassociates',

  run(model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const found = match(node, context);
        if (!found || !requireMicrosoft(model, scope)) continue;
        const { fragment, inputs } = found;
        fragment.replace({ op: 'BiasGelu', domain: MICROSOFT, name: node.name, inputs });
        changes++;
      }
    }
    return { changes };
  },
});

function match(gelu: Node, { types }: PassContext) {
  if (!gelu.isStandard('Gelu') || gelu.string('approximate', 'none') !== 'none') return undefined;
  const fragment = new Fragment(gelu);
  const sum = fragment.take(gelu.input(0), 'Add');
  const side = sum?.inputs.findIndex((value) => value?.constant) ?? -1;
  const [bias, x] = [sum?.input(side), sum?.input(1 - side)];
  const shape = x && types.shapeOf(x);
  const dims = bias?.constant?.dims;
  if (side < 0 || !bias || !x || dims?.length !== 1) return undefined;
  if (shape?.at(-1) !== dims[0] || types.dtypeOf(x) !== 'float32' || !fragment.isClosed) return undefined;
  return { fragment, inputs: [x, bias] };
}
