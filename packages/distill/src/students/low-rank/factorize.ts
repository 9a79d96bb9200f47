import {
  attribute,
  type AttributeValue,
  type DType,
  inferTypes,
  type Model,
  Tensor,
  type WeightView,
  weightViews,
} from '@gossamer/graph';
import { type SingularValues, singularValues } from '@gossamer/kernels';
import { checkShare, type LowRankStudent, studentError } from '../student-spec.js';

/** Makes two products of every one that is smaller so, in place; returns warnings. */
export function factorize(model: Model, spec: LowRankStudent): string[] {
  const { rank, energy } = spec;
  if ((rank === undefined) === (energy === undefined)) {
    throw studentError('low-rank: expected either rank or energy, received both or none');
  }
  if (energy !== undefined) checkShare('energy', energy);
  else if (!Number.isInteger(rank) || rank! < 1) checkShare('rank', rank!);
  const types = inferTypes(model);
  const dtypeOf = ({ node }: WeightView) => types.dtypeOf(node.input(1)!) ?? 'float32';
  const changed = weightViews(model).filter((view) => isFollowed(view) && split(view, spec, dtypeOf(view))).length;
  if (changed === 0) {
    throw studentError('low-rank: expected products that are smaller as two of this rank, received none');
  }
  for (const value of [...model.graph.initializers()]) {
    if (value.uses.length === 0 && !value.isInput && !value.isOutput) model.graph.removeValue(value);
  }
  return [];
}

/** Products of a value and a constant matrix. */
function isFollowed({ node, role, inputIndex, isQuantized, shape, groups }: WeightView): boolean {
  if (role !== 'weight' || inputIndex !== 1 || isQuantized || groups !== 1) return false;
  if (node.isStandard('MatMul')) return shape.length === 2;
  if (node.isStandard('Gemm')) return node.int('transA', 0) === 0;
  return node.isStandard('Conv') && shape.slice(2).every((size) => size === 1);
}

/** Matrices of `dtype`, what the node reads; false where two are no smaller than the one. */
function split(view: WeightView, { rank, energy }: LowRankStudent, dtype: DType): boolean {
  const { shape, outAxis, inAxis } = view;
  const [outputs, inputs] = [shape[outAxis]!, shape[inAxis]!];
  const smaller = Math.min(inputs, outputs);
  const fits = (kept: number) => kept * (inputs + outputs) < inputs * outputs;
  const asked = rank === undefined ? 1 : rank < 1 ? Math.max(1, Math.round(rank * smaller)) : rank;
  if (!fits(asked)) return false;
  const isTransposed = inAxis < outAxis;
  const [rows, columns] = isTransposed ? [inputs, outputs] : [outputs, inputs];
  const svd = singularValues(view.toFloat32(), rows, columns);
  const kept = energy === undefined ? asked : rankOf(svd, energy);
  if (!fits(kept)) return false;
  // As the node has them: [in, out] = first second where transposed, else [out, in] = second first.
  const left = factor(svd.u, svd.values, rows, kept);
  const right = factor(svd.v, svd.values, columns, kept);
  const byColumns = Tensor.fromNumbers(dtype, [rows, kept], transposed(left, kept, rows));
  const byRows = Tensor.fromNumbers(dtype, [kept, columns], right);
  const [first, second] = isTransposed ? [byColumns, byRows] : [byRows, byColumns];
  replace(view, first, second);
  return true;
}

/** Vectors times the roots of their values, [rank, length]. */
function factor(vectors: Float64Array, values: Float64Array, length: number, rank: number): Float32Array {
  return Float32Array.from(
    { length: rank * length },
    (_, i) => vectors[i]! * Math.sqrt(values[Math.floor(i / length)]!),
  );
}

const transposed = (data: Float32Array, rows: number, columns: number): Float32Array =>
  Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);

/** The smallest rank that keeps a share of the squares. */
function rankOf({ values }: SingularValues, energy: number): number {
  const total = values.reduce((sum, x) => sum + x * x, 0);
  let left = energy * total;
  const last = values.findIndex((x) => (left -= x * x) <= 0);
  return last < 0 ? values.length : last + 1;
}

/** Puts a product with `first` in front of the node, which takes `second`. */
function replace({ node, source, shape }: WeightView, first: Tensor, second: Tensor): void {
  const { graph } = node;
  const isConv = node.op === 'Conv';
  const name = node.name === '' ? node.output.name : node.name;
  const store = (suffix: string, tensor: Tensor) =>
    graph.addInitializer(
      `${source.name}/${suffix}`,
      isConv ? tensor.reshaped([...tensor.dims, ...shape.slice(2)]) : tensor,
    );
  const attributes: Record<string, AttributeValue> = {};
  if (isConv) {
    // Steps and borders are the first one's: a border of zeros stays zeros without a bias.
    for (const [key, { content }] of node.attributes) attributes[key] = content;
  } else if (node.op === 'Gemm' && node.int('transB', 0) === 1) attributes['transB'] = attribute.int(1);
  const made = graph.add(
    {
      op: node.op,
      name: `${name}/low-rank`,
      inputs: [node.input(0), store('first', first)],
      outputs: [`${name}/low-rank`],
      attributes,
    },
    { before: node },
  );
  if (isConv) for (const key of ['strides', 'pads', 'auto_pad', 'dilations']) graph.setAttribute(node, key, undefined);
  graph.setInput(node, 0, made.output);
  graph.setInput(node, 1, store('second', second));
}
