import { definePlain, defineOps } from '../tf-node.js';

export const selectionOps = [
  defineOps('TopKV2', (node) => {
    const { e } = node;
    const k = e.op('Reshape', [node.int64(1), e.int64([1])]);
    const [values, indices] = e.ops('TopK', [node.plain(0), k], { axis: -1, largest: 1, sorted: 1 }, 2);
    return [values!, e.cast(indices!, 'int32')];
  }),
  definePlain(['NonMaxSuppressionV2', 'NonMaxSuppressionV3'], (node) => {
    const { e } = node;
    const boxes = e.op('Unsqueeze', [node.plain(0), e.int64([0])]);
    const scores = e.op('Unsqueeze', [node.plain(1), e.int64([0, 1])]);
    const limit = e.op('Reshape', [node.int64(2), e.int64([1])]);
    const thresholds = [3, 4].map(
      (index) => node.operands[index] && e.op('Reshape', [node.plain(index), e.int64([1])]),
    );
    const selected = e.op('NonMaxSuppression', [boxes, scores, limit, ...thresholds]);
    // Rows are batch, class, box.
    return e.cast(e.op('Gather', [selected, e.int64(2)], { axis: 1 }), 'int32');
  }),
];
