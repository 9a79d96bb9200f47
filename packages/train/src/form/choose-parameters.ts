import { GossamerError, isFloat, type Model, type Node, type Use, type Value } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { matchesName } from './matches-name.js';
import type { ParameterRole, TrainingFormOptions } from './training-form.js';

/** Input slots of operators that hold parameters. */
const SLOTS: Readonly<Record<string, Readonly<Record<number, ParameterRole>>>> = {
  Conv: { 1: 'weight', 2: 'bias' },
  ConvTranspose: { 1: 'weight', 2: 'bias' },
  Gemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
  MatMul: { 0: 'weight', 1: 'weight' },
  Einsum: { 0: 'weight', 1: 'weight' },
  Gather: { 0: 'weight' },
  LSTM: { 1: 'weight', 2: 'weight', 3: 'bias', 7: 'weight' },
  GRU: { 1: 'weight', 2: 'weight', 3: 'bias' },
  RNN: { 1: 'weight', 2: 'weight', 3: 'bias' },
  PRelu: { 1: 'normalization' },
  BatchNormalization: { 1: 'normalization', 2: 'normalization' },
  InstanceNormalization: { 1: 'normalization', 2: 'normalization' },
  GroupNormalization: { 1: 'normalization', 2: 'normalization' },
  LayerNormalization: { 1: 'normalization', 2: 'normalization' },
  RMSNormalization: { 1: 'normalization' },
  SimplifiedLayerNormalization: { 1: 'normalization' },
  SkipLayerNormalization: { 2: 'normalization', 3: 'normalization', 4: 'bias' },
  SkipSimplifiedLayerNormalization: { 2: 'normalization', 3: 'bias' },
  BiasGelu: { 1: 'bias' },
  FastGelu: { 1: 'bias' },
  FusedMatMul: { 0: 'weight', 1: 'weight' },
  TransposeMatMul: { 0: 'weight', 1: 'weight' },
  FusedConv: { 1: 'weight', 2: 'bias' },
  NhwcConv: { 1: 'weight', 2: 'bias' },
  NhwcFusedConv: { 1: 'weight', 2: 'bias' },
  FusedGemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
};

/** Operators that only move or cast elements: a parameter may pass through them to its layer. */
const CARRIERS: ReadonlySet<string> = new Set(
  'Cast Concat Expand Flatten Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(' '),
);

/**
 * The float initializers of the main graph that training changes, by value: weights and biases of layers, scale and shift of normalizations, and
 * what is added or multiplied elementwise with more than one number in it that is no table of at most two values (an attention mask, a step function).
 * `trainable` replaces this rule by names; `frozen` takes names away. Running statistics are none. A pattern that picks nothing is ERR_TRAIN_OPTIONS.
 */
export function chooseParameters(model: Model, options: TrainingFormOptions): ReadonlyMap<Value, ParameterRole> {
  const candidates = new Map<Value, ParameterRole | undefined>();
  for (const value of model.graph.initializers()) {
    if (value.initializer && isFloat(value.initializer.dtype)) candidates.set(value, roleOf(value));
  }
  const names = [...candidates.keys()].map(({ name }) => name);
  for (const [list, patterns] of [
    ['trainable', options.trainable ?? []],
    ['frozen', options.frozen ?? []],
  ] as const) {
    const idle = patterns.find((pattern) => !names.some((name) => matchesName(pattern, name)));
    if (idle === undefined) continue;
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `${list}: expected names or globs of float initializers (such as ${names.slice(0, 3).join(', ')}), received ${idle}`,
    );
  }
  const chosen = new Map<Value, ParameterRole>();
  for (const [value, role] of candidates) {
    if (isStatistic(value)) continue;
    const isNamed = options.trainable?.some((pattern) => matchesName(pattern, value.name));
    if (!(isNamed ?? role !== undefined)) continue;
    if (options.frozen?.some((pattern) => matchesName(pattern, value.name))) continue;
    chosen.set(value, role ?? 'weight');
  }
  return chosen;
}

/** Whether it is nothing but a running mean or variance, which training moves, but not by gradients. */
const isStatistic = (value: Value): boolean => value.uses.length > 0 && value.uses.every(isStatisticSlot);

/** Whether a use is as the running mean or variance of a BatchNormalization. */
export const isStatisticSlot = ({ node, index }: Use): boolean =>
  node.isStandard('BatchNormalization') && (index === 3 || index === 4);

function roleOf(value: Value): ParameterRole | undefined {
  for (const use of usesOf(value)) {
    const role = SLOTS[use.node.op]?.[use.index];
    if (role !== undefined) return role;
  }
  return usesOf(value).some(({ node }) => isElementwise(node)) ? elementwiseRole(value) : undefined;
}

/** Every use, also behind operators that only move elements. */
function usesOf(value: Value): Use[] {
  return value.uses.flatMap((use) => {
    const [output] = use.node.outputs;
    return CARRIERS.has(use.node.op) && output && use.index === 0 ? [use, ...usesOf(output)] : [use];
  });
}

const isElementwise = ({ op }: Node): boolean => op === 'Add' || op === 'Mul' || op === 'Sub';

/** A vector is a bias; a tensor is a table of positions, say, unless it has two values or fewer. */
function elementwiseRole(value: Value): ParameterRole | undefined {
  const tensor = value.initializer!;
  if (tensor.length < 2) return undefined;
  const wide = tensor.dims.filter((dim) => dim > 1).length;
  if (wide === 1) return 'bias';
  const distinct = new Set<number>();
  for (const number of tensor.toFloat32()) {
    distinct.add(number);
    if (distinct.size > 2) return 'weight';
  }
  return undefined;
}
