import { attribute, type Model, storeConstant, Tensor, type Value } from '@gossamer/graph';
import { checkShare, studentError, type ThinnerStudent } from '../student-spec.js';
import { AxisMap } from './axis-map.js';
import { Channels } from './channels.js';
import { followAxes } from './follow-axes.js';
import { randomise } from './randomise.js';
import { fix } from './widths.js';

/** Narrows every inner width of `model`, in place; returns warnings. */
export function thin(model: Model, { width, init = 'random', seed = 0 }: ThinnerStudent): string[] {
  checkShare('width', width);
  const { graph } = model;
  const map = new AxisMap(model);
  for (const input of graph.inputs) map.axesOf(input).forEach(fix);
  const opaque = followAxes(graph.nodes(), map);
  for (const output of graph.outputs) map.axesOf(output).forEach(fix);
  const constants = [...graph.values()].filter(
    (value) => value.constant && map.isFloat(value) && !value.isInput && value.uses.length > 0,
  );
  const channels = new Channels(width, init === 'slice' ? constants : [], map);
  narrowShapes(model, map, channels);
  let changed = 0;
  for (const value of constants) changed += narrow(value, map, channels);
  const names = opaque.map(({ op, id }) => `${op} ${id}`);
  if (changed === 0) {
    const around = names.length > 0 ? `: it is not known what these do with theirs: ${names.join(', ')}` : '';
    throw studentError(`thinner: expected a graph with widths between its inputs and outputs, received none${around}`);
  }
  for (const value of graph.values()) if (!value.isInput && !value.isOutput) graph.setType(value, undefined);
  if (init === 'random') randomise(model, seed);
  return names.map((name) => `${name}: the widths around it stay`);
}

/** Constants that say sizes: targets of Reshape, groups of depthwise convolutions. */
function narrowShapes({ graph }: Model, map: AxisMap, channels: Channels): void {
  for (const node of graph.nodes()) {
    const shape = map.shapeOf(node.output);
    if (node.isStandard('Reshape') && node.input(1)?.constant && shape) {
      const given = Array.from(node.input(1)!.constant!.toIntegers(), Number);
      const sizes = map.axesOf(node.output).map((axis) => channels.sizeOf(axis));
      const target = given.map((size, i) => (size > 0 ? sizes[i]! : size));
      if (target.join() === given.join()) continue;
      const tensor = Tensor.fromNumbers('int64', [target.length], target);
      graph.setInput(node, 1, graph.addInitializer(`${node.id}/shape`, tensor));
    }
    if (node.isStandard('Conv') && node.int('group', 1) > 1 && node.int('group', 1) === shape?.[1]) {
      graph.setAttribute(node, 'group', attribute.int(channels.sizeOf(map.axesOf(node.output)[1]!)));
    }
  }
  for (const value of [...graph.initializers()]) {
    if (value.uses.length === 0 && !value.isInput && !value.isOutput) graph.removeValue(value);
  }
}

/** Keeps of a constant what its axes keep; 1 where that is less. */
function narrow(value: Value, map: AxisMap, channels: Channels): 0 | 1 {
  const tensor = value.constant!;
  const kept = map.axesOf(value).map((axis) => channels.kept(axis));
  if (kept.every((list) => list === undefined)) return 0;
  const dims = tensor.dims.map((size, i) => kept[i]?.length ?? size);
  const from = tensor.toFloat32();
  // Positions of the elements that stay, grown axis by axis.
  let positions: number[] = [0];
  tensor.dims.forEach((size, i) => {
    const list = kept[i] ?? Array.from({ length: size }, (_, k) => k);
    positions = positions.flatMap((at) => list.map((k) => at * size + k));
  });
  const data = Float32Array.from(positions, (at) => from[at]!);
  storeConstant(
    value,
    tensor.dtype === 'float32' ? Tensor.of('float32', dims, data) : Tensor.fromNumbers(tensor.dtype, dims, data),
  );
  return 1;
}
