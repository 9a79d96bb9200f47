import { type Dim, divideDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { requireRank } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** Gates a cell has: rows of the weights over the hidden size. */
const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4, DynamicQuantizeLSTM: 4, AttnLSTM: 4 };

function hiddenSize(node: Node, context: InferenceContext): Dim {
  const given = node.int('hidden_size', undefined);
  if (given !== undefined) return given;
  const recurrence = requireRank(context, 2, 3);
  // DynamicQuantizeLSTM stores R transposed: [directions, hidden, gates * hidden].
  if (node.op === 'DynamicQuantizeLSTM') return recurrence?.[1];
  return recurrence?.[2] ?? divideDims(requireRank(context, 1, 3)?.[1], GATES[node.op]!);
}

/** Y [seq, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]; layout 1 puts the batch first. */
function inferRecurrent(node: Node, context: InferenceContext): void {
  const data = requireRank(context, 0, 3);
  const dtype = context.dtypeOf(0);
  const direction = node.string('direction', 'forward');
  if (!['forward', 'reverse', 'bidirectional'].includes(direction)) {
    throw context.error('direction', 'forward, reverse or bidirectional', direction);
  }
  const directions = direction === 'bidirectional' ? 2 : 1;
  const hidden = hiddenSize(node, context);
  const batchFirst = node.int('layout', 0) === 1;
  const [steps, batch] = batchFirst ? [data?.[1], data?.[0]] : [data?.[0], data?.[1]];
  const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  context.setTensor(0, dtype, batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]);
  context.setTensor(1, dtype, state);
  if (GATES[node.op] === 4) context.setTensor(2, dtype, state);
}

export const recurrentRules = [
  defineRule({ op: ['RNN', 'GRU', 'LSTM'], infer: inferRecurrent }),
  defineRule({ op: ['DynamicQuantizeLSTM', 'AttnLSTM'], domain: 'com.microsoft', infer: inferRecurrent }),
];
