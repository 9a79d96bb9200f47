import { isGossamerError, type Node, type Value } from '@gossamer/graph';
import type { AxisMap } from './axis-map.js';
import { type Axis, concatenate, fix, newAxis, regroup, unite } from './widths.js';

/** Unites the axes that a node makes the same and says what axes its outputs have; false: it cannot say. */
type Follow = (node: Node, map: AxisMap) => boolean;

const SAME =
  'Relu LeakyRelu Sigmoid Tanh Erf Gelu Exp Log Sqrt Neg Abs Identity Dropout Cast Clip HardSwish HardSigmoid Elu Selu Softplus Softsign Mish Swish Softmax LogSoftmax Reciprocal Sign Not com.microsoft::QuickGelu com.microsoft::Gelu com.microsoft::FastGelu';
const BROADCAST = 'Add Sub Mul Div Pow Min Max Sum Where PRelu Equal Greater Less And Or com.microsoft::BiasGelu';
const POOL = 'MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool';
const REGROUP = 'Flatten Reshape Squeeze Unsqueeze';
const REDUCE = 'ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp';
const CHANNELS = 'BatchNormalization InstanceNormalization';
const TRAILING = 'LayerNormalization RMSNormalization SimplifiedLayerNormalization';
const SPATIAL = 'Pad Resize Upsample';

/** Output axes of the first output; others (masks, statistics) are fixed. */
function produce({ map, node }: { map: AxisMap; node: Node }, axes: readonly Axis[]): true {
  map.set(node.output, axes);
  return true;
}

/** Axes whose sizes do not change are the same; the others are new and fixed. */
function keepEqual(node: Node, map: AxisMap): boolean {
  const [from, to] = [node.input(0)!, node.output];
  const [a, b] = [map.shapeOf(from), map.shapeOf(to)];
  if (a?.length !== b?.length || !a || !b) return false;
  return produce(
    { map, node },
    map.axesOf(from).map((axis, i) => {
      if (a[i] === b[i]) return axis;
      fix(axis);
      return newAxis(b[i]!, true);
    }),
  );
}

function broadcast(map: AxisMap, values: readonly Value[]): Axis[] {
  const lists = values.map((value) => map.axesOf(value));
  const rank = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: rank }, (_, i) => {
    const axes = lists.flatMap((list) => {
      const axis = list[i - rank + list.length];
      return axis && axis.length > 0 ? [axis] : [];
    });
    axes.slice(1).forEach((axis) => unite(axes[0]!, axis));
    return axes[0] ?? [];
  });
}

const conv: Follow = (node, map) => {
  const [x, weight, bias] = [node.input(0)!, node.input(1)!, node.input(2)];
  const [input, kernel] = [map.axesOf(x), map.axesOf(weight)];
  const shape = map.shapeOf(node.output);
  if (!shape) return false;
  kernel.slice(2).forEach(fix);
  const isTransposed = node.op === 'ConvTranspose';
  const group = node.int('group', 1);
  const channels = map.shapeOf(x)?.[1];
  let output = kernel[isTransposed ? 1 : 0]!;
  if (group === 1) unite(input[1]!, kernel[isTransposed ? 0 : 1]!);
  else if (!isTransposed && group === channels && map.shapeOf(weight)?.[0] === channels) unite(input[1]!, output);
  else {
    [input[1]!, ...kernel].forEach(fix);
    output = newAxis(shape[1]!, true);
  }
  if (bias) unite(output, map.axesOf(bias)[0]!);
  return produce({ map, node }, [input[0]!, output, ...shape.slice(2).map((size) => newAxis(size, true))]);
};

const gemm: Follow = (node, map) => {
  const [a, b] = [map.axesOf(node.input(0)!), map.axesOf(node.input(1)!)];
  const [m, k] = node.int('transA', 0) ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [n, inner] = node.int('transB', 0) ? [b[0]!, b[1]!] : [b[1]!, b[0]!];
  unite(k, inner);
  produce({ map, node }, [m, n]);
  const bias = node.input(2);
  if (bias) broadcast(map, [node.output, bias]);
  return true;
};

const matMul: Follow = (node, map) => {
  const [a, b] = [map.axesOf(node.input(0)!), map.axesOf(node.input(1)!)];
  if (a.length < 2 || b.length < 2) return false;
  unite(a.at(-1)!, b.at(-2)!);
  const rank = Math.max(a.length, b.length);
  const batch = Array.from({ length: rank - 2 }, (_, i) => {
    const [x = [], y = []] = [a[i - rank + a.length], b[i - rank + b.length]];
    if (x.length > 0 && y.length > 0) unite(x, y);
    return x.length > 0 ? x : y;
  });
  return produce({ map, node }, [...batch, a.at(-2)!, b.at(-1)!]);
};

const concat: Follow = (node, map) => {
  const values = node.inputs.filter((value) => value !== undefined);
  const lists = values.map((value) => map.axesOf(value));
  const shape = map.shapeOf(node.output);
  if (!shape) return false;
  const at = node.int('axis', 0);
  const axis = at < 0 ? at + shape.length : at;
  return produce(
    { map, node },
    shape.map((size, i) => {
      if (i !== axis) {
        lists.slice(1).forEach((list) => unite(lists[0]![i]!, list[i]!));
        return lists[0]![i]!;
      }
      const whole = newAxis(size);
      concatenate(
        whole,
        lists.map((list) => list[i]!),
      );
      return whole;
    }),
  );
};

const divide: Follow = (node, map) => {
  const axes = map.axesOf(node.input(0)!);
  // Sizes that are given, or equal ones of which a share is asked for, would have to change with the axis: it stays.
  const at = node.int('axis', 0);
  const axis = at < 0 ? at + axes.length : at;
  fix(axes[axis]!);
  for (const output of node.outputs) {
    const size = output && map.shapeOf(output)?.[axis];
    if (!output || size === undefined) return false;
    map.set(
      output,
      axes.map((own, i) => (i === axis ? newAxis(size, true) : own)),
    );
  }
  return true;
};

const RULES = new Map<string, Follow>();
const define = (names: string, follow: Follow) => names.split(' ').forEach((name) => RULES.set(name, follow));

define(SAME, (node, map) => produce({ map, node }, map.axesOf(node.input(0)!)));
define(BROADCAST, (node, map) =>
  produce(
    { map, node },
    broadcast(
      map,
      node.inputs.filter((value) => value !== undefined),
    ),
  ),
);
define(POOL, (node, map) => {
  const shape = map.shapeOf(node.output);
  if (!shape) return false;
  const axes = map.axesOf(node.input(0)!);
  return produce({ map, node }, [axes[0]!, axes[1]!, ...shape.slice(2).map((size) => newAxis(size, true))]);
});
define(REGROUP, (node, map) => {
  const shape = map.shapeOf(node.output);
  const target = node.op === 'Reshape' ? node.input(1) : undefined;
  if (!shape || (target && !target.constant)) return false;
  return produce({ map, node }, regroup(map.axesOf(node.input(0)!), shape));
});
define(REDUCE, (node, map) => {
  const [x, list] = [map.axesOf(node.input(0)!), node.input(1)];
  const given = list ? list.constant && Array.from(list.constant.toIntegers(), Number) : node.ints('axes', undefined);
  if (!given) return false;
  const reduced = new Set(given.map((axis) => (axis < 0 ? axis + x.length : axis)));
  const keep = node.int('keepdims', 1) !== 0;
  return produce(
    { map, node },
    x.flatMap((axis, i) => (reduced.has(i) ? (keep ? [[]] : []) : [axis])),
  );
});
define(CHANNELS, (node, map) => {
  const axes = map.axesOf(node.input(0)!);
  for (const value of node.inputs.slice(1)) if (value) unite(axes[1]!, map.axesOf(value)[0]!);
  return produce({ map, node }, axes);
});
define(TRAILING, (node, map) => {
  const axes = map.axesOf(node.input(0)!);
  produce({ map, node }, axes);
  for (const value of node.inputs.slice(1)) if (value) broadcast(map, [node.output, value]);
  return true;
});
define(SPATIAL, (node, map) => (node.op === 'Resize' && node.input(3) ? false : keepEqual(node, map)));
define('Conv ConvTranspose', conv);
define('Gemm', gemm);
define('MatMul', matMul);
define('Concat', concat);
define('Split', divide);
define('Slice', keepEqual);
define('Expand', keepEqual);
define('Transpose', (node, map) => {
  const axes = map.axesOf(node.input(0)!);
  const perm = node.ints('perm', undefined) ?? axes.map((_, i) => axes.length - 1 - i);
  return produce(
    { map, node },
    perm.map((axis) => axes[axis]!),
  );
});
define('Gather', (node, map) => {
  const [data, indices] = [map.axesOf(node.input(0)!), map.axesOf(node.input(1)!)];
  const at = node.int('axis', 0);
  const axis = at < 0 ? at + data.length : at;
  fix(data[axis]!);
  return produce({ map, node }, [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)]);
});

function follow(node: Node, map: AxisMap): boolean {
  const rule = RULES.get(node.kind);
  if (!rule || node.inputs.some((value) => value && map.shapeOf(value) === undefined)) return false;
  try {
    return rule(node, map);
  } catch (error) {
    // A reshape that mixes widths.
    if (isGossamerError(error)) return false;
    throw error;
  }
}

/** Follows every node; returns those around which all widths stay, because it is not known what they do with them. */
export function followAxes(nodes: Iterable<Node>, map: AxisMap): Node[] {
  const opaque: Node[] = [];
  for (const node of nodes) {
    if (node.isStandard('Constant') || follow(node, map)) continue;
    map.fixAll(node);
    opaque.push(node);
  }
  return opaque;
}
