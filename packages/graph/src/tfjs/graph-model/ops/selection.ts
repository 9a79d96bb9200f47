import { defineOps } from '../tf-node.js';

export const selectionOps = [
  defineOps('TopKV2', (node) => {
    const { e } = node;
    const k = e.op('Reshape', [node.int64(1), e.int64([1])]);
    const [values, indices] = e.ops('TopK', [node.plain(0), k], { axis: -1, largest: 1, sorted: 1 }, 2);
    return [values!, e.cast(indices!, 'int32')];
  }),
];
