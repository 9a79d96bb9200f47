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
import { isNonNegative } from './is-non-negative.js';

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

/** From this rank on a tensor is taken for maps: large last two axes. */
const MAP_RANK = 4;

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

/** The outputs that tell about one value. */
export type ProbeOutputs =
  | { readonly mode: 'whole'; readonly values: string }
  /** `minimum` is undefined where the operator gives nothing below 0: that is all a range needs to know. */
  | { readonly mode: 'reduce'; readonly minimum: string | undefined; readonly maximum: string };

/** Adds what tells about `value` to the graph's outputs. */
export function addProbe(
  model: Model,
  value: Value,
  original: Value,
  types: TypeTable,
  mode: ProbeMode,
  axis: number | undefined,
): ProbeOutputs {
  const float = asFloat32(value, types.dtypeOf(original) === 'float32');
  if (mode === 'whole') return { mode, values: addWhole(float) };
  const rank = types.shapeOf(original)?.length;
  const axes = axis === undefined ? undefined : Array.from({ length: rank! }, (_, i) => i).filter((i) => i !== axis);
  const onlyMaximum = axis === undefined && isNonNegative(original);
  const reduce = (op: string, neutral: number) => addReduction(model, float, op, rank, axes, neutral, onlyMaximum);
  const minimum = onlyMaximum ? undefined : reduce('ReduceMin', Infinity);
  return { mode, minimum, maximum: reduce('ReduceMax', -Infinity) };
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
  rank: number | undefined,
  axes: readonly number[] | undefined,
  neutral: number,
  onlyMaximum: boolean,
): string {
  const { graph } = value;
  const suffix = op === 'ReduceMin' ? 'min' : 'max';
  const add = (input: Value, over: readonly number[] | undefined): Value => {
    const spec = { op, outputs: [`${value.name}/${suffix}`], ...reductionOver(model, input, over) };
    return graph.owner ? after(input, spec) : graph.add(spec).output;
  };
  // Rows first, which run on all threads; a reduction of everything at once does not.
  const isMap = !axes && !graph.owner && rank !== undefined && rank >= MAP_RANK;
  // A pool reads the engine's own channel-blocked layout; a reduction has the map copied out of it first. Where the minimum is taken
  // as well that copy is made anyway.
  const ofEachMap = () =>
    onlyMaximum && rank === MAP_RANK
      ? graph.add({ op: 'GlobalMaxPool', inputs: [value], outputs: [`${value.name}/maps`] }).output
      : add(value, [rank! - 2, rank! - 1]);
  const reduced = isMap ? add(ofEachMap(), undefined) : add(value, axes);
  return publish(exposeValue(reduced, Tensor.scalar('float32', neutral)));
}

/** Inputs and attributes of a reduction over `axes`, or over all of them. */
function reductionOver(model: Model, input: Value, axes: readonly number[] | undefined) {
  if (!axes) return { inputs: [input], attributes: KEEP_NO_DIMS };
  if (model.opset < AXES_INPUT_OPSET) {
    return { inputs: [input], attributes: { ...KEEP_NO_DIMS, axes: attribute.ints(axes) } };
  }
  const tensor = Tensor.fromNumbers('int64', [axes.length], axes);
  return { inputs: [input, input.graph.addInitializer('gossamer_axes', tensor)], attributes: KEEP_NO_DIMS };
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
