import { Tensor, type TypeTable, type Value } from '@gossamer/graph';
import type { Absorption } from './absorptions.js';
import type { Removal } from './removal.js';

/** Adds numbers to the bias of a layer: its own, that of the Add behind a MatMul, or a new one. Names of outputs stay. */
export function addToBias({ node, weight, outAxis, delta }: Absorption, removal: Removal, types: TypeTable): void {
  const { graph } = node;
  const dtype = weight.constant!.dtype;
  const likeWeight = (value: Value, axis: number) => removal.follow(value, axis, weight, outAxis);
  const fresh = (name: string, dims: readonly number[], values: Float64Array): Value => {
    const value = graph.addInitializer(name, Tensor.fromNumbers(dtype, dims, values));
    likeWeight(value, dims.length - 1);
    return value;
  };
  const raised = (bias: Value): Value | undefined => {
    const { constant } = bias;
    // One that is broadcast over features becomes one number a feature.
    if (!constant || (constant.length !== 1 && constant.dims.at(-1) !== delta.length)) return undefined;
    const old = constant.toFloat64();
    const isScalar = constant.length === 1;
    const values = Float64Array.from({ length: isScalar ? delta.length : old.length }, (_, i) => {
      return (isScalar ? old[0]! : old[i]!) + delta[i % delta.length]!;
    });
    return fresh(`${bias.name}_absorbed`, isScalar ? [delta.length] : constant.dims, values);
  };
  if (node.op !== 'MatMul') {
    const bias = node.input(2);
    const value = bias ? raised(bias) : fresh(`${weight.name}_bias`, [delta.length], delta);
    if (value) {
      graph.setInput(node, 2, value);
      return;
    }
  }
  const y = node.output;
  const [use] = y.uses;
  if (node.op === 'MatMul' && y.uses.length === 1 && !y.isOutput && use!.node.isStandard('Add')) {
    const other = use!.node.input(1 - use!.index);
    const value = other?.constant && other.constant.dims.length <= 1 ? raised(other) : undefined;
    if (value) {
      use!.node.graph.setInput(use!.node, 1 - use!.index, value);
      return;
    }
  }
  addBehind(y, fresh(`${weight.name}_bias`, [delta.length], delta), removal, types);
}

/** Puts an Add behind the producer of `y`, which keeps its name. Features are the last axis. */
function addBehind(y: Value, bias: Value, removal: Removal, types: TypeTable): void {
  const { graph } = y;
  const node = y.producer!;
  const product = graph.detachOutput(y, `${y.name}_product`);
  const rank = types.shapeOf(y)!.length;
  for (let axis = 0; axis < rank; axis++) removal.follow(product, axis, y, axis);
  graph.add({ op: 'Add', inputs: [product, bias], outputs: [y] }, { after: node });
}
