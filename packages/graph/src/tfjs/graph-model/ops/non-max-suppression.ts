import type { Value } from '../../../ir/value.js';
import { defineOps, definePlain, type TfNode } from '../tf-node.js';

/** Indices of the chosen boxes as int64, best first. */
function suppress(node: TfNode): Value {
  const { e } = node;
  const boxes = e.op('Unsqueeze', [node.plain(0), e.int64([0])]);
  const scores = e.op('Unsqueeze', [node.plain(1), e.int64([0, 1])]);
  const limit = e.op('Reshape', [node.int64(2), e.int64([1])]);
  const thresholds = [3, 4].map((index) => node.operands[index] && e.op('Reshape', [node.plain(index), e.int64([1])]));
  const selected = e.op('NonMaxSuppression', [boxes, scores, limit, ...thresholds]);
  // Rows are batch, class, box.
  return e.op('Gather', [selected, e.int64(2)], { axis: 1 });
}

/** How many there are, an int32 scalar. */
function countOf(node: TfNode, chosen: Value): Value {
  return node.e.cast(node.e.op('Size', [chosen]), 'int32');
}

/** Zeros up to the limit. */
function padded(node: TfNode, chosen: Value): Value {
  const { e } = node;
  const missing = e.op('Sub', [e.op('Reshape', [node.int64(2), e.int64([])]), e.op('Size', [chosen])]);
  const pads = e.op('Concat', [e.int64([0]), e.op('Unsqueeze', [missing, e.int64([0])])], { axis: 0 });
  return e.op('Pad', [chosen, pads], { mode: 'constant' });
}

export const nonMaxSuppressionOps = [
  definePlain(['NonMaxSuppressionV2', 'NonMaxSuppressionV3'], (node) => node.e.cast(suppress(node), 'int32')),
  defineOps('NonMaxSuppressionV4', (node) => {
    const chosen = suppress(node);
    const result = node.def.bool('pad_to_max_output_size', false) ? padded(node, chosen) : chosen;
    return [node.e.cast(result, 'int32'), countOf(node, chosen)];
  }),
  defineOps('NonMaxSuppressionV5', (node) => {
    const { e } = node;
    const sigma = softSigma(node);
    if (sigma !== 0) throw node.error('soft_nms_sigma', '0, without which scores stay', sigma ?? 'a computed value');
    const chosen = suppress(node);
    const scores = e.op('Gather', [node.plain(1), chosen], { axis: 0 });
    return [e.cast(chosen, 'int32'), scores, countOf(node, chosen)];
  }),
];

/** The constant operand; undefined where it is computed. */
function softSigma(node: TfNode): number | undefined {
  return node.plain(5).constant?.toFloat64()[0];
}
