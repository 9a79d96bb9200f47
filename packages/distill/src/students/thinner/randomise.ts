import {
  type Model,
  type Node,
  storeConstant,
  Tensor,
  type Value,
  type WeightView,
  weightViews,
} from '@gossamer/graph';
import { fillUniform, streamOf } from '@gossamer/train';

const RECTIFIERS = new Set([
  'Relu',
  'LeakyRelu',
  'PRelu',
  'Clip',
  'Gelu',
  'Elu',
  'HardSwish',
  'Softplus',
  'Mish',
  'Selu',
]);
/** What may lie between a product and its activation. */
const BETWEEN = new Set(['Add', 'BatchNormalization']);
const NORMALIZATIONS = 'BatchNormalization InstanceNormalization LayerNormalization RMSNormalization'.split(' ');

/**
 * Gives every weight new numbers, uniform with the variance 2 / fan-in in front of a rectifier and 1 / fan-in elsewhere, those of embeddings with the
 * teacher's variance; biases become 0, normalizations the identity. Other constants (masks, positions, factors) stay.
 *
 * Sources: He et al., ICCV 2015 (arXiv:1502.01852), section 2.2; Glorot and Bengio, AISTATS 2010, section 4.2 (here by fan-in alone).
 */
export function randomise(model: Model, seed: number): void {
  const done = new Set<Value>();
  for (const view of weightViews(model)) {
    if (done.has(view.source) || view.isQuantized) continue;
    done.add(view.source);
    const variance = view.role === 'embedding' ? varianceOf(view) : (isRectified(view.node) ? 2 : 1) / fanIn(view);
    const data = new Float32Array(view.stored.length);
    fillUniform(data, seed, streamOf(view.source.name), 0);
    const range = Math.sqrt(3 * variance);
    store(
      view.source,
      data.map((u) => (2 * u - 1) * range),
    );
    const bias = view.bias ?? addedBias(view.node);
    if (bias?.constant && !done.has(bias)) fill(bias, 0);
  }
  for (const node of model.graph.nodes()) {
    if (!NORMALIZATIONS.includes(node.op)) continue;
    // Scale, bias, mean, variance.
    node.inputs.slice(1).forEach((value, i) => value?.constant && fill(value, i === 0 || i === 3 ? 1 : 0));
  }
}

/** Elements that one output is a sum of. */
const fanIn = ({ shape, outAxis, groups, op }: WeightView): number =>
  shape.reduce((a, b) => a * b, 1) / shape[outAxis]! / (op === 'ConvTranspose' ? groups : 1);

function varianceOf(view: WeightView): number {
  const data = view.stored.toFloat32();
  return data.reduce((sum, x) => sum + x * x, 0) / data.length;
}

function isRectified(node: Node): boolean {
  for (let at = node; ;) {
    const [use] = at.output.uses;
    if (!use) return false;
    if (at.output.uses.some((other) => RECTIFIERS.has(other.node.op) || other.node.op === 'Erf')) return true;
    if (at.output.uses.length > 1 || !BETWEEN.has(use.node.op)) return false;
    at = use.node;
  }
}

/** The vector that is added to a product. */
function addedBias(node: Node): Value | undefined {
  const [use, ...others] = node.output.uses;
  if (!use || others.length > 0 || use.node.op !== 'Add') return undefined;
  const other = use.node.input(1 - use.index);
  return other?.constant?.dims.length === 1 ? other : undefined;
}

const fill = (value: Value, number: number): void =>
  store(value, new Float32Array(value.constant!.length).fill(number));

function store(value: Value, data: Float32Array): void {
  const { dtype, dims } = value.constant!;
  storeConstant(value, dtype === 'float32' ? Tensor.of(dtype, dims, data) : Tensor.fromNumbers(dtype, dims, data));
}
