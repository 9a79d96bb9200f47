import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { equalDims } from '../../ir/dim.js';
import { attribute } from '../../ir/attribute.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import { MICROSOFT, requireMicrosoft } from '../pattern/require-microsoft.js';

const DTYPES: ReadonlySet<string> = new Set(['float16', 'float32']);

/**
 * Turns the Add (or Sum) of two activations of one shape and the LayerNormalization or RMSNormalization of it over the last axis into
 * com.microsoft::SkipLayerNormalization or SkipSimplifiedLayerNormalization; the sum stays an output where others read it. Only
 * when named: on the CPU ONNX Runtime 1.30 takes several times as long for it, while its other providers gain.
 *
 * Bound: the same normalization of the same sums, rounded at other places: that of fuse-layer-normalization.
 */
export const fuseSkipLayerNormalization = definePass({
  name: 'fuse-skip-layer-normalization',
  exactness: 'reassociates',

  run(model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const sum = residualOf(node, context);
        if (!sum || !requireMicrosoft(model, scope)) continue;
        fuse(node, sum);
        changes++;
      }
    }
    return { changes };
  },
});

/** The sum that a normalization over the last axis reads, with constant parameters. */
function residualOf(norm: Node, { types }: PassContext): Node | undefined {
  const isCentred = norm.isStandard('LayerNormalization');
  if (!(isCentred || norm.isStandard('RMSNormalization')) || isParametric(norm)) return undefined;
  const sum = norm.input(0)?.producer;
  if (!sum || sum.graph !== norm.graph || !(sum.isStandard('Add') || sum.isStandard('Sum'))) return undefined;
  const shape = types.shapeOf(sum.output);
  const isLast = shape?.length === 3 && [-1, shape.length - 1].includes(norm.int('axis', -1));
  if (!isLast || sum.inputs.length !== 2 || norm.outputs.length !== 1 || norm.int('stash_type', 1) !== 1)
    return undefined;
  if (!DTYPES.has(types.dtypeOf(sum.output) ?? '')) return undefined;
  const isWhole = (value: Value | undefined) => {
    const dims = value && !value.constant ? types.shapeOf(value) : undefined;
    return dims?.length === shape.length && dims.every((dim, axis) => equalDims(dim, shape[axis]));
  };
  // Parameters in Constant nodes may stand behind the sum, where the fused node goes.
  const isReady = norm.inputs.slice(1).every((value) => value?.initializer && value.constant?.dims.length === 1);
  return isReady && sum.inputs.every(isWhole) ? sum : undefined;
}

function fuse(norm: Node, sum: Node): void {
  const { graph } = norm;
  const isCentred = norm.op === 'LayerNormalization';
  const fused = graph.add(
    {
      op: isCentred ? 'SkipLayerNormalization' : 'SkipSimplifiedLayerNormalization',
      domain: MICROSOFT,
      name: norm.name,
      inputs: [...sum.inputs, ...norm.inputs.slice(1)],
      outputs: [undefined],
      attributes: { epsilon: attribute.float(norm.float('epsilon', Math.fround(1e-5))) },
    },
    { before: sum },
  );
  const [result, total] = [norm.output, sum.output];
  graph.detachOutput(result, result.name);
  graph.remove(norm);
  graph.setOutput(fused, 0, result);
  const isRead = total.uses.length > 0 || total.isOutput;
  if (isRead) {
    graph.detachOutput(total, total.name);
    graph.setOutput(fused, 3, total);
  }
  graph.remove(sum);
}
