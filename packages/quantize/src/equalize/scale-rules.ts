import { type Dim, type Node, type TypeTable, weightsOf, type WeightView } from '@gossamer/graph';
import {
  broadcastLayout,
  channelAxes,
  type ChannelLayout,
  channelsOn,
  dropAxes,
  insertAxes,
  reshapeLayout,
  sameLayout,
  sliceLayout,
  transposeLayout,
} from './channel-layout.js';
import { refuseWeight } from './layer-matrix.js';

/** What becomes of a scale per channel when a node reads values that carry it. */
export type ScaleOutcome =
  /** The results carry it too, as laid out here (undefined: that result does not); constants in `slots` must be divided with them. */
  | {
      readonly kind: 'pass';
      readonly outputs: readonly (ChannelLayout | undefined)[];
      readonly slots?: readonly number[];
    }
  /** The node's weight takes it: column c (index on axis `axis` of its input) multiplied by the scale of channelOf[c]. */
  | { readonly kind: 'read'; readonly view: WeightView; readonly axis: number; readonly channelOf: Int32Array }
  | { readonly kind: 'blocked'; readonly reason: string };

/** The layouts of a node's inputs that carry the scale; undefined for the others. */
export type InputLayouts = readonly (ChannelLayout | undefined)[];

type Rule = (node: Node, layouts: InputLayouts, types: TypeTable) => ScaleOutcome;

const blocked = (reason: string): ScaleOutcome => ({ kind: 'blocked', reason });
const pass = (layout: ChannelLayout | undefined, reason = 'its channels cannot be followed'): ScaleOutcome =>
  layout ? { kind: 'pass', outputs: [layout] } : blocked(reason);

/** f(s x) = s f(x) for s > 0, element by element or over axes that do not tell channels apart. */
const homogeneous: Rule = (_, [x]) => pass(x);

const onePool: Rule = (node, [x]) => {
  if (node.outputs[1]) return blocked('its indices are read');
  if (x && channelAxes(x).some((axis) => axis > 1)) return blocked('it pools over channels');
  return pass(x);
};

const prelu: Rule = (_, [x, slope]) => (slope ? blocked('its slope carries the scale') : pass(x));

const FLOAT_MAX = 3.4e38;

const clip: Rule = (node, [x]) => {
  const bound = (slot: number, name: string, open: number) =>
    node.input(slot) ? node.input(slot)!.constant?.toFloat32()[0] : node.float(name, open);
  const [low, high] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)];
  const isOpen = high !== undefined && high >= FLOAT_MAX && low !== undefined && (low === 0 || low <= -FLOAT_MAX);
  return isOpen ? pass(x) : blocked('Clip bounds its input at a fixed value');
};

/** What reads sizes alone does not see the scale. */
const sizes: Rule = () => ({ kind: 'pass', outputs: [] });

const expand: Rule = (node, [x], types) => {
  const rank = types.shapeOf(node.output)?.length;
  return pass(x && rank !== undefined ? broadcastLayout(x, rank) : undefined);
};

const transpose: Rule = (node, [x]) => {
  if (!x) return blocked('its input does not carry the scale');
  const order = node.ints('perm', undefined) ?? x.steps.map((_, i) => x.steps.length - 1 - i);
  return pass(transposeLayout(x, order));
};

const reshape: Rule = (node, [x], types) => {
  const [from, to] = [shape(types, node, 0), types.shapeOf(node.output)];
  return pass(x && from && to && reshapeLayout(x, from, to), 'it moves channels to where they cannot be followed');
};

const squeeze: Rule = (node, [x], types) => {
  const rank = x?.steps.length ?? 0;
  const out = types.shapeOf(node.output);
  const axes = axesOf(node) ?? (out && onesOf(shape(types, node, 0)));
  return pass(
    x &&
      axes &&
      dropAxes(
        x,
        axes.map((axis) => (axis + rank) % rank),
      ),
  );
};

const unsqueeze: Rule = (node, [x]) => {
  const axes = axesOf(node);
  const rank = (x?.steps.length ?? 0) + (axes?.length ?? 0);
  return pass(
    x &&
      axes &&
      insertAxes(
        x,
        axes.map((axis) => (axis + rank) % rank),
      ),
  );
};

const reduce: Rule = (node, [x]) => {
  if (!x) return blocked('its input does not carry the scale');
  const rank = x.steps.length;
  const axes = (axesOf(node) ?? [...x.steps.keys()]).map((axis) => (axis + rank) % rank);
  if (axes.some((axis) => x.steps[axis])) return blocked('it sums over channels');
  return node.int('keepdims', 1) ? pass(x) : pass(dropAxes(x, axes));
};

const slice: Rule = (node, [x], types) => {
  const dims = shape(types, node, 0);
  const starts = node.input(1)?.constant?.toIntegers() ?? node.bounds('starts');
  const ends = node.input(2)?.constant?.toIntegers() ?? node.bounds('ends');
  const steps = node.input(4)?.constant?.toIntegers() ?? starts?.map(() => 1);
  const axes = node.input(3)?.constant?.toIntegers() ?? node.ints('axes', undefined) ?? starts?.map((_, i) => i);
  if (!x || !dims || !starts || !ends || !axes || !steps || node.inputs.slice(1).some((v) => v && !v.constant)) {
    return blocked('its bounds are not constant');
  }
  let layout = x;
  axes.forEach((given, i) => {
    const axis = (given + dims.length) % dims.length;
    const size = dims[axis];
    if (!layout.steps[axis] || typeof size !== 'number') return;
    const [start, end, step] = [clampBound(starts[i]!, size), clampBound(ends[i]!, size), steps[i]!];
    const indices: number[] = [];
    if (step > 0) for (let k = start; k < end; k += step) indices.push(k);
    layout = sliceLayout(layout, axis, indices);
  });
  const isBackward = axes.some((axis, i) => steps[i]! <= 0 && x.steps[(axis + dims.length) % dims.length]);
  return isBackward ? blocked('it reverses channels') : pass(layout);
};

const clampBound = (bound: number, size: number): number =>
  Math.max(0, Math.min(size, bound < 0 ? bound + size : bound));

const splitRule: Rule = (node, [x], types) => {
  const dims = shape(types, node, 0);
  const axis = dims && (node.int('axis', 0) + dims.length) % dims.length;
  if (!x || axis === undefined) return blocked('its channels cannot be followed');
  if (!x.steps[axis]) return { kind: 'pass', outputs: node.outputs.map(() => x) };
  let from = 0;
  const outputs: (ChannelLayout | undefined)[] = [];
  for (const value of node.outputs) {
    const size = value && types.shapeOf(value)?.[axis];
    if (typeof size !== 'number') return blocked('its parts are of unknown size');
    outputs.push(
      sliceLayout(
        x,
        axis,
        Array.from({ length: size }, (_, i) => from + i),
      ),
    );
    from += size;
  }
  return { kind: 'pass', outputs };
};

const pad: Rule = (node, [x]) => {
  const fill = node.input(2)?.constant?.toFloat32()[0] ?? node.float('value', 0);
  const pads = node.input(1)?.constant?.toIntegers() ?? node.ints('pads', undefined);
  if (node.input(2) && !node.input(2)!.constant) return blocked('it pads with a value that is not constant');
  if (node.string('mode', 'constant') === 'constant' && fill !== 0) return blocked(`it pads with ${fill}`);
  const rank = x?.steps.length ?? 0;
  if (!x || pads?.length !== 2 * rank) return blocked('its pads are not constant');
  const isMoved = channelAxes(x).some((axis) => pads[axis] !== 0 || pads[axis + rank] !== 0);
  return isMoved ? blocked('it pads channels') : pass(x);
};

const resize: Rule = (node, [x], types) => {
  if (!x || node.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize') return blocked('it crops');
  const [from, to] = [shape(types, node, 0), types.shapeOf(node.output)];
  const isKept = channelAxes(x).every((axis) => from?.[axis] === to?.[axis]);
  return isKept ? pass(x) : blocked('it resizes channels');
};

/** Sum with a constant: that is divided too. Sum of values that all carry the same scale. Anything else does not take it. */
const add: Rule = (node, layouts, types) => {
  const constant = node.inputs.findIndex((value) => value?.constant);
  const carrying = layouts.findIndex((layout) => layout);
  const rank = types.shapeOf(node.output)?.length;
  if (rank === undefined) return blocked('its rank is unknown');
  if (constant >= 0 && node.inputs.length === 2) {
    const layout = broadcastLayout(layouts[carrying]!, rank);
    return { kind: 'pass', outputs: [layout], slots: [constant] };
  }
  if (layouts.some((layout) => !layout)) return blocked('a residual sum adds values that do not carry the scale');
  const aligned = layouts.map((layout) => broadcastLayout(layout!, rank));
  const isSame = aligned.every((layout) => sameLayout(layout, aligned[0]!));
  return isSame ? pass(aligned[0]) : blocked('it adds channels to one another');
};

/** A product of which one factor carries the scale; the dividend of a quotient. */
const multiply: Rule = (node, layouts, types) => {
  const carrying = layouts.filter((layout) => layout);
  if (carrying.length > 1) return blocked(`both operands of ${node.op} carry the scale`);
  if (node.op === 'Div' && !layouts[0]) return blocked('it is a divisor');
  const rank = types.shapeOf(node.output)?.length;
  if (rank === undefined) return blocked('its rank is unknown');
  return pass(broadcastLayout(carrying[0]!, rank));
};

/** Products with constant weights take the scale; a product of activations passes it on from its right factor's last axis. */
const matMul: Rule = (node, layouts, types) => {
  const [view] = weightsOf(node);
  if (view) return readBy(view, layouts[0], (layouts[0]?.steps.length ?? 0) - 1);
  const [left, right] = [layouts[0], layouts[1]];
  const rank = types.shapeOf(node.output)?.length;
  if (left || !right || rank === undefined) return blocked('it multiplies activations');
  if (right.steps.at(-2)) return blocked('it sums over channels of activations');
  return pass(broadcastLayout(right, rank));
};

const conv: Rule = (node, layouts) => {
  const [view] = weightsOf(node);
  return view ? readBy(view, layouts[0], 1) : blocked('its weight is not constant');
};

const gemm: Rule = (node, layouts) => {
  const view = weightsOf(node).find(({ inputIndex }) => inputIndex === 1);
  return view ? readBy(view, layouts[0], node.int('transA', 0) ? 0 : 1) : blocked('its weight is not constant');
};

const recurrent: Rule = (node, layouts) => {
  const view = weightsOf(node).find(({ inputIndex }) => inputIndex === 1);
  return view ? readBy(view, layouts[0], 2) : blocked('its weight is not constant');
};

function readBy(view: WeightView, layout: ChannelLayout | undefined, axis: number): ScaleOutcome {
  const reason = refuseWeight(view);
  if (reason) return blocked(`${view.layerId}: ${reason}`);
  const channelOf = layout && channelsOn(layout, axis);
  return channelOf ? { kind: 'read', view, axis, channelOf } : blocked('its channels lie where it does not sum');
}

const shape = (types: TypeTable, node: Node, slot: number): readonly Dim[] | undefined => {
  const value = node.input(slot);
  return value && types.shapeOf(value);
};

const axesOf = (node: Node): readonly number[] | undefined =>
  node.input(1) ? node.input(1)!.constant?.toIntegers() : node.ints('axes', undefined);

const onesOf = (dims: readonly Dim[] | undefined): number[] | undefined =>
  dims?.every((dim) => typeof dim === 'number') ? [...dims.keys()].filter((axis) => dims[axis] === 1) : undefined;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...['Identity', 'Relu', 'LeakyRelu', 'Neg', 'Abs', 'Dropout'].map((op) => [op, homogeneous] as const),
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'LpPool'].map((op) => [op, onePool] as const),
  ...['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'].map((op) => [op, reduce] as const),
  ...['Reshape', 'Flatten'].map((op) => [op, reshape] as const),
  ...['Add', 'Sub', 'Sum'].map((op) => [op, add] as const),
  ...['Mul', 'Div'].map((op) => [op, multiply] as const),
  ...['Resize', 'Upsample'].map((op) => [op, resize] as const),
  ...['MatMul', 'com.microsoft::FusedMatMul'].map((op) => [op, matMul] as const),
  ...['Conv', 'ConvTranspose', 'com.microsoft::FusedConv'].map((op) => [op, conv] as const),
  ...['Gemm', 'com.microsoft::FusedGemm'].map((op) => [op, gemm] as const),
  ...['LSTM', 'GRU', 'RNN'].map((op) => [op, recurrent] as const),
  ...['Shape', 'Size'].map((op) => [op, sizes] as const),
  ['Expand', expand],
  ['PRelu', prelu],
  ['Clip', clip],
  ['Transpose', transpose],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Slice', slice],
  ['Split', splitRule],
  ['Pad', pad],
]);

/** What `node` does to a scale per channel that the inputs with a layout carry. */
export function scaleOutcome(node: Node, layouts: InputLayouts, types: TypeTable): ScaleOutcome {
  const rule = RULES.get(node.kind);
  if (!rule) return blocked(`${node.op} is not homogeneous`);
  const outcome = rule(node, layouts, types);
  const isMixed = outcome.kind === 'read' && layouts.slice(1).some((layout) => layout);
  return isMixed ? blocked('its bias or its weight carries the scale') : outcome;
}
