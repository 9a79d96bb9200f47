import type { Node } from '../ir/node.js';

/** What a weight is for: products with inputs, with the state of a recurrent layer, or rows that are looked up. */
export type WeightRole = 'weight' | 'recurrent' | 'embedding';

/** Where an operator takes a weight and what its axes mean. Axes are non-negative, of the tensor as the node sees it. */
export interface WeightSlot {
  readonly inputIndex: number;
  readonly role: WeightRole;
  /** Axis of output features; for ConvTranspose that of one group. */
  readonly outAxis: number;
  /** Axis of input features (of one group for Conv). */
  readonly inAxis: number;
  readonly groups: number;
  /** Input slot of the bias, if the operator has one. */
  readonly biasIndex: number | undefined;
}

type SlotRule = (node: Node, rankOf: (inputIndex: number) => number | undefined) => WeightSlot[];

const linear = (inputIndex: number, outAxis: number, inAxis: number, biasIndex?: number): WeightSlot => ({
  inputIndex,
  role: 'weight',
  outAxis,
  inAxis,
  groups: 1,
  biasIndex,
});

const conv: SlotRule = (node) => [{ ...linear(1, 0, 1, 2), groups: node.int('group', 1) }];
const convTranspose: SlotRule = (node) => [{ ...linear(1, 1, 0, 2), groups: node.int('group', 1) }];

/** B of Gemm is [K, N], or [N, K] with transB; a constant A is [M, K], or [K, M] with transA. */
const gemm: SlotRule = (node) => [
  node.int('transB', 0) ? linear(1, 0, 1, 2) : linear(1, 1, 0, 2),
  node.int('transA', 0) ? linear(0, 1, 0) : linear(0, 0, 1),
];

const matMul: SlotRule = (_, rankOf) => {
  const right = rankOf(1);
  const left = rankOf(0);
  return [
    ...(right !== undefined && right >= 2 ? [linear(1, right - 1, right - 2)] : []),
    ...(left !== undefined && left >= 2 ? [linear(0, left - 2, left - 1)] : []),
  ];
};

/** com.microsoft::FusedMatMul: transB swaps the last two axes of B. */
const fusedMatMul: SlotRule = (node, rankOf) =>
  matMul(node, rankOf).map((slot) => {
    const isSwapped = node.int(slot.inputIndex === 1 ? 'transB' : 'transA', 0) !== 0;
    return isSwapped ? { ...slot, outAxis: slot.inAxis, inAxis: slot.outAxis } : slot;
  });

const gather: SlotRule = (node, rankOf) => {
  const rank = rankOf(0);
  if (rank !== 2 || node.int('axis', 0) % 2 !== 0) return [];
  return [{ ...linear(0, 1, 0), role: 'embedding' }];
};

/** W [directions, gates * hidden, input] and R [directions, gates * hidden, hidden]; gate order iofc (LSTM), zrh (GRU). */
const recurrent: SlotRule = () => [linear(1, 1, 2, 3), { ...linear(2, 1, 2, 3), role: 'recurrent' }];

/** com.microsoft::Attention: [input, 3 * hidden], packed Q, K, V. */
const attention: SlotRule = () => [linear(1, 1, 0, 2)];

const RULES: ReadonlyMap<string, SlotRule> = new Map([
  ['Conv', conv],
  ['com.microsoft::FusedConv', conv],
  ['ConvTranspose', convTranspose],
  ['Gemm', gemm],
  ['com.microsoft::FusedGemm', gemm],
  ['MatMul', matMul],
  ['com.microsoft::FusedMatMul', fusedMatMul],
  ['Gather', gather],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['RNN', recurrent],
  ['com.microsoft::Attention', attention],
]);

/** Kinds of operators that can take a weight, sorted. */
export function weightedOperators(): string[] {
  return [...RULES.keys()].sort();
}

/** The slots of `node` that take a weight when it is constant; none for an operator without weights. */
export function weightSlots(node: Node, rankOf: (inputIndex: number) => number | undefined): readonly WeightSlot[] {
  return RULES.get(node.kind)?.(node, rankOf) ?? [];
}
