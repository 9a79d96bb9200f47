import { dtypeFromCode, type Node } from '@gossamer/graph';
import { ALL, type TfjsOperator } from '../operator.js';
import { STORED } from '../transfer.js';

const targetOf = (node: Node) => dtypeFromCode(node.int('to', 0));

export const castOperators: readonly TfjsOperator[] = [
  {
    op: 'Cast',
    types: ALL,
    // A float may be beyond 32 bits: the host finds out.
    isExact: (node, types) => types.dtypeOf(node.input(0)) === 'float32' && targetOf(node) === 'int64',
    run(call) {
      const { tensor, layout } = call.any(0);
      return { tensor: call.tf.cast(tensor, STORED.get(targetOf(call.node)!)!), layout };
    },
  },
];
