import {
  attribute,
  dtypeCode,
  isFloat,
  type Model,
  type Node,
  Tensor,
  tensorType,
  type TypeTable,
  type Value,
} from '@gossamer/graph';
import { exposeValue, refuseExposing } from './expose-value.js';

/**
 * How a value leaves the graph.
 *
 * - `reduce`: its minimum and maximum are computed in the graph, and only they come out.
 * - `whole`: all of it comes out.
 */
export type ProbeMode = 'reduce' | 'whole';

const KEEP_NO_DIMS = { keepdims: attribute.int(0) };
/** From here on the axes of ReduceMin and ReduceMax are an input. */
const AXES_INPUT_OPSET = 18;

/** Why a value cannot be observed; undefined: it can. */
export function refuseProbe(
  value: Value,
  original: Value,
  types: TypeTable,
  axis: number | undefined,
): string | undefined {
  const type = types.typeOf(original);
  if (type && type.kind !== 'tensor') return `it is no tensor but a ${type.kind}`;
  const dtype = types.dtypeOf(original);
  if (dtype !== undefined && !isFloat(dtype)) return `its elements are ${dtype}`;
  const rank = types.shapeOf(original)?.length;
  if (axis !== undefined && (rank === undefined || axis >= rank)) return `it has no axis ${axis} as far as is known`;
  if (axis !== undefined && value.graph.owner) return 'ranges along an axis are not taken inside bodies';
  return refuseExposing(value);
}

/** Adds what tells about `value` to the graph's outputs and returns their names: minima and maxima, or the values. */
export function addProbe(
  model: Model,
  value: Value,
  original: Value,
  types: TypeTable,
  mode: ProbeMode,
  axis: number | undefined,
): string[] {
  const float = asFloat32(value, types.dtypeOf(original) === 'float32');
  if (mode === 'whole') return [addWhole(float)];
  const rank = types.shapeOf(original)?.length;
  const axes = axis !== undefined ? otherAxes(rank!, axis) : value.graph.owner ? undefined : trailingAxes(rank);
  return [
    addReduction(model, float, 'ReduceMin', axes, Infinity),
    addReduction(model, float, 'ReduceMax', axes, -Infinity),
  ];
}

/** Adds the sum of a floating output: the cheapest pass over it that a NaN survives. */
export function addSum(output: Value): string {
  const { graph } = output;
  const node = graph.add({
    op: 'ReduceSum',
    inputs: [output],
    outputs: [`${output.name}/sum`],
    attributes: KEEP_NO_DIMS,
  });
  return publish(node.output);
}

function asFloat32(value: Value, isFloat32: boolean): Value {
  if (isFloat32) return value;
  const to = attribute.int(dtypeCode('float32'));
  return after(value, { op: 'Cast', inputs: [value], outputs: [`${value.name}/float32`], attributes: { to } });
}

/** All of a value; in bodies as a vector, so that branches and iterations agree in rank. */
function addWhole(value: Value): string {
  const { graph } = value;
  if (!graph.owner) {
    if (value.producer) return value.isOutput ? value.name : publish(value);
    return publish(graph.add({ op: 'Identity', inputs: [value], outputs: [`${value.name}/values`] }).output);
  }
  const shape = graph.addInitializer('gossamer_vector', Tensor.fromNumbers('int64', [1], [-1]));
  const vector = after(value, { op: 'Reshape', inputs: [value, shape], outputs: [`${value.name}/values`] });
  return publish(exposeValue(vector, Tensor.of('float32', [0], new Float32Array(0))));
}

function addReduction(
  model: Model,
  value: Value,
  op: string,
  axes: readonly number[] | undefined,
  neutral: number,
): string {
  const { graph } = value;
  const asInput = axes && model.opset >= AXES_INPUT_OPSET;
  const slots = asInput
    ? [value, graph.addInitializer('gossamer_axes', Tensor.fromNumbers('int64', [axes.length], axes))]
    : [value];
  const attributes = axes && !asInput ? { ...KEEP_NO_DIMS, axes: attribute.ints(axes) } : KEEP_NO_DIMS;
  const outputs = [`${value.name}/${op === 'ReduceMin' ? 'min' : 'max'}`];
  const spec = { op, inputs: slots, outputs, attributes };
  const reduced = graph.owner ? after(value, spec) : graph.add(spec).output;
  return publish(exposeValue(reduced, Tensor.scalar('float32', neutral)));
}

/** Adds a node right behind the one that computes `value`. */
function after(value: Value, spec: Parameters<Value['graph']['add']>[0]): Value {
  const { graph, producer } = value;
  const first = graph.nodes().next().value as Node | undefined;
  const node = graph.add(spec, producer ? { after: producer } : first ? { before: first } : undefined);
  graph.setType(node.output, tensorType('float32'));
  return node.output;
}

function publish(value: Value): string {
  if (!value.type) value.graph.setType(value, tensorType('float32'));
  value.graph.addOutput(value);
  return value.name;
}

/** Few enough results to be cheap, many enough rows for all threads: all but the first axes are reduced. */
function trailingAxes(rank: number | undefined): readonly number[] | undefined {
  if (rank === undefined || rank < 2) return undefined;
  return rank >= 4 ? [rank - 2, rank - 1] : [rank - 1];
}

function otherAxes(rank: number, axis: number): readonly number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
}
