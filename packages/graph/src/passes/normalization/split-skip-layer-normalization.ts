import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import { MICROSOFT } from '../pattern/require-microsoft.js';

/** Sum takes broadcastable operands, as Add does, from here on; LayerNormalization and the root mean square one are of these opsets. */
const SUM_OPSET = 8;
const LAYER_NORM_OPSET = 17;
const RMS_NORM_OPSET = 23;

/**
 * Writes the residual Add in front of a LayerNormalization as Sum, which means the same, and com.microsoft::SkipLayerNormalization as Sum and
 * LayerNormalization. ONNX Runtime 1.30 makes a SkipLayerNormalization of an Add, whose CPU kernel takes several times as long as the
 * two; Sum keeps them apart.
 *
 * Bound: a Sum of two is an Add. Taken apart, the operator's result is the same normalization of the same sums, rounded at other places:
 * by the bound of fuse-layer-normalization.
 */
export const splitSkipLayerNormalization = definePass({
  name: 'split-skip-layer-normalization',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      if (opset < SUM_OPSET) continue;
      for (const node of graph.nodes()) {
        if (isResidual(node) && feedsNormalization(node.output)) graph.retarget(node, { op: 'Sum' });
        else if (!takeApart(node, opset)) continue;
        changes++;
      }
    }
    return { changes };
  },
});

/** An Add of two activations. */
const isResidual = (node: Node): boolean =>
  node.isStandard('Add') && node.inputs.every((value) => value && !value.constant);

/** LayerNormalization, or the mean and the difference it is spelled with before opset 17. */
function feedsNormalization(value: Value): boolean {
  const readers = value.uses.map(({ node }) => node);
  const isNormed = (node: Node) => node.isStandard('LayerNormalization') || node.isStandard('RMSNormalization');
  if (readers.some((node) => isNormed(node) && node.input(0) === value)) return true;
  return readers.some((node) => node.isStandard('ReduceMean')) && readers.some((node) => node.isStandard('Sub'));
}

function takeApart(node: Node, opset: number): boolean {
  const isCentred = node.op === 'SkipLayerNormalization';
  if (node.domain !== MICROSOFT || !(isCentred || node.op === 'SkipSimplifiedLayerNormalization')) return false;
  if (opset < (isCentred ? LAYER_NORM_OPSET : RMS_NORM_OPSET) || isParametric(node)) return false;
  const [x, skip, scale, ...rest] = node.inputs;
  const [shift, bias] = isCentred ? rest : [undefined, ...rest];
  // The statistics would be inputs of other nodes.
  if (!x || !skip || !scale || node.outputs[1] || node.outputs[2]) return false;
  const { graph } = node;
  const terms = bias ? [x, skip, bias] : [x, skip];
  const sum = graph.add({ op: 'Sum', inputs: terms, outputs: [`${node.output.name}_sum`] }, { before: node });
  const total = node.outputs[3];
  if (total) {
    graph.detachOutput(total, total.name);
    graph.setOutput(sum, 0, total);
  }
  const norm = graph.add(
    {
      op: isCentred ? 'LayerNormalization' : 'RMSNormalization',
      name: node.name,
      inputs: shift ? [sum.output, scale, shift] : [sum.output, scale],
      outputs: [undefined],
      attributes: {
        axis: { type: 'int', value: -1 },
        epsilon: { type: 'float', value: node.float('epsilon', Math.fround(1e-12)) },
      },
    },
    { before: node },
  );
  const result = node.output;
  graph.detachOutput(result, result.name);
  graph.remove(node);
  graph.setOutput(norm, 0, result);
  return true;
}
