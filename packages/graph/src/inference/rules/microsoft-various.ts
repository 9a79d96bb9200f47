import { dtypeFromCode, isFloat } from '../../dtype.js';
import { addDims, floorDivideDims, multiplyDims } from '../../ir/dim.js';
import { normaliseAxis, numbersOf, requireRank, requireRankFrom, scalarOf } from '../arguments.js';
import { defineRule } from '../rule.js';
import { slideTransposed, windowOf } from '../window.js';
import { broadcastInputs } from './binary.js';
import { range } from './constant.js';
import { gatherNd } from './gather.js';
import { inferPool } from './channels-last.js';

const domain = 'com.microsoft';

const expandDims = defineRule({
  op: 'ExpandDims',
  domain,
  infer(_, context) {
    const shape = context.shapeOf(0);
    const given = scalarOf(context, 1);
    if (!shape) return context.setTensor(0, context.dtypeOf(0), undefined);
    const rank = shape.length + 1;
    if (given === undefined) return context.setTensor(0, context.dtypeOf(0), new Array(rank).fill(undefined));
    const axis = normaliseAxis(context, given, rank);
    return context.setTensor(0, context.dtypeOf(0), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  },
});

/** Real [..., n] to [..., bins, 2], of which half mirrors the other. */
const rfft = defineRule({
  op: 'Rfft',
  domain,
  infer(node, context) {
    const shape = requireRankFrom(context, 0, 1);
    const half = node.int('onesided', 1) === 1;
    const bins = half ? addDims(floorDivideDims(shape?.at(-1), 2), 1) : shape?.at(-1);
    context.setTensor(0, context.dtypeOf(0), shape && [...shape.slice(0, -1), bins, 2]);
  },
});

const irfft = defineRule({
  op: 'Irfft',
  domain,
  infer(node, context) {
    const shape = requireRankFrom(context, 0, 2);
    const bins = shape?.at(-2);
    const length = node.int('onesided', 1) === 1 ? multiplyDims(addDims(bins, -1), 2) : bins;
    context.setTensor(0, context.dtypeOf(0), shape && [...shape.slice(0, -2), length]);
  },
});

const cropAndResize = defineRule({
  op: 'CropAndResize',
  domain,
  infer(_, context) {
    const [data, rois] = [requireRank(context, 0, 4), requireRank(context, 1, 2)];
    const size = context.dataOf(3) ?? [undefined, undefined];
    if (size.length !== 2) throw context.error('crop_size', '2 sizes', size.length);
    context.setTensor(0, context.dtypeOf(0), [rois?.[0], data?.[1], ...size]);
  },
});

/** ConvTranspose whose pads are input 2. */
const dynamicPads = defineRule({
  op: 'ConvTransposeWithDynamicPads',
  domain,
  infer(node, context) {
    const [data, weight] = [requireRankFrom(context, 0, 3), requireRankFrom(context, 1, 3)];
    if (!data || !weight) return context.setTensor(0, context.dtypeOf(0), undefined);
    const spatial = data.length - 2;
    const pads = context.has(2) ? numbersOf(context, 2) : new Array<number>(2 * spatial).fill(0);
    if (pads && pads.length !== 2 * spatial) throw context.error('pads', `${2 * spatial} elements`, [...pads]);
    const window = windowOf(node, context, spatial, weight.slice(2));
    const sizes = pads && slideTransposed(node, context, data.slice(2), { ...window, pads });
    const channels = multiplyDims(weight[1], node.int('group', 1));
    const rest = sizes ?? new Array<undefined>(spatial).fill(undefined);
    return context.setTensor(0, context.dtypeOf(0), [data[0], channels, ...rest]);
  },
});

const unique = defineRule({
  op: 'Unique',
  domain,
  infer(_, context) {
    const shape = requireRank(context, 0, 1);
    context.setTensor(0, context.dtypeOf(0), [undefined]);
    context.setTensor(1, 'int64', [shape?.[0]]);
    context.setTensor(2, 'int64', [undefined]);
  },
});

const gridSample = defineRule({
  op: 'GridSample',
  domain,
  infer(_, context) {
    const [data, grid] = [requireRank(context, 0, 4), requireRank(context, 1, 4)];
    const dtype = context.dtypeOf(0);
    context.setTensor(0, dtype && isFloat(dtype) ? dtype : undefined, [data?.[0], data?.[1], grid?.[1], grid?.[2]]);
  },
});

/** Block floating point: bytes of a length that depends on the format, with the shape and strides of what they hold. */
const quantizeBlocks = defineRule({
  op: 'QuantizeBFP',
  domain,
  infer(_, context) {
    const shape = context.shapeOf(0);
    context.setTensor(0, 'uint8', [undefined]);
    context.setTensor(1, 'int64', [shape?.length], shape);
    context.setTensor(2, 'int64', [shape?.length]);
  },
});

const dequantizeBlocks = defineRule({
  op: 'DequantizeBFP',
  domain,
  infer: (node, context) => context.setTensor(0, dtypeFromCode(node.int('dtype', 1)), context.dataOf(1)),
});

const embedQuantized = defineRule({
  op: 'QEmbedLayerNormalization',
  domain,
  infer(_, context) {
    const ids = requireRank(context, 0, 2);
    context.setTensor(0, 'float32', [ids?.[0], ids?.[1], requireRank(context, 2, 2)?.[1]]);
    context.setTensor(1, 'int32', [ids?.[0]]);
  },
});

const orderedAttention = defineRule({
  op: 'QOrderedAttention',
  domain,
  infer(_, context) {
    const data = requireRank(context, 0, 3);
    context.setTensor(0, 'int8', [data?.[0], data?.[1], requireRank(context, 7, 2)?.[1]]);
  },
});

const gemmaRotary = defineRule({
  op: 'GemmaRotaryEmbedding',
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(1));
    context.set(1, context.typeOf(3));
  },
});

/** Two rows: the steps of the path through both sequences. */
const timeWarping = defineRule({
  op: 'DynamicTimeWarping',
  domain,
  infer: (_, context) => context.setTensor(0, 'int32', [2, undefined]),
});

export const microsoftVariousRules = [
  expandDims,
  rfft,
  irfft,
  cropAndResize,
  dynamicPads,
  unique,
  gridSample,
  quantizeBlocks,
  dequantizeBlocks,
  embedQuantized,
  orderedAttention,
  gemmaRotary,
  timeWarping,
  defineRule({ op: 'GatherND', domain, infer: (node, context) => gatherNd.infer(node, context) }),
  defineRule({ op: 'Range', domain, infer: (node, context) => range.infer(node, context) }),
  defineRule({ op: 'MaxpoolWithMask', domain, infer: (node, context) => inferPool(node, context, false) }),
  defineRule({
    op: 'MulInteger',
    domain,
    infer: (_, context) => context.setTensor(0, 'int32', broadcastInputs(context, [0, 2])),
  }),
  defineRule({ op: 'IsAllFinite', domain, infer: (_, context) => context.setTensor(0, 'bool', []) }),
  defineRule({
    op: 'QuantizeWithOrder',
    domain,
    infer: (_, context) => context.setTensor(0, 'int8', context.shapeOf(0)),
  }),
  defineRule({
    op: 'DequantizeWithOrder',
    domain,
    infer: (node, context) => context.setTensor(0, dtypeFromCode(node.int('to', 0)), context.shapeOf(0)),
  }),
];
