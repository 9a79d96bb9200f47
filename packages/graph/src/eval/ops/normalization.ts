import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { mapRows, rowsAlong, sumOf } from '../rows.js';
import { broadcastOffsets } from '../strided.js';
import { dtypeAttribute } from './cast.js';

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** Mean and (biased) variance of a row. */
export function moments(row: Float64Array): { mean: number; variance: number } {
  const mean = sumOf(row) / row.length;
  return { mean, variance: row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length };
}

/** Where the parameter [c] of an element of x [n, c, ..] stands; or [c, ..], one for each element of an item (spatial = 0, before opset 9). */
const channelOf = (x: EvalTensor, perElement: boolean) => {
  const size = perElement ? 1 : elementCount(x.dims.slice(2));
  const channels = perElement ? elementCount(x.dims.slice(1)) : (x.dims[1] ?? 1);
  return (index: number) => Math.floor(index / size) % channels;
};

/** Inference form; in training mode (opset 14) the batch's statistics are used and the running ones updated. */
function batchNormalization(call: KernelCall): (EvalTensor | undefined)[] {
  const [x, scale, bias] = [call.tensor(0), call.numbers(1), call.numbers(2)];
  const [mean, variance] = [call.tensor(3), call.tensor(4)];
  const epsilon = call.node.float('epsilon', Math.fround(1e-5));
  if (call.opset >= 14 && call.node.int('training_mode', 0) === 1) return trainedBatch(call, x, epsilon);
  if (call.opset < 14 && call.node.outputs.some((value, index) => value && index > 0)) {
    call.fail('ERR_EVAL_OP', 'outputs', 'one (inference) before opset 14', 'training outputs');
  }
  return [normalised(call, x, scale, bias, call.asNumbers(mean), call.asNumbers(variance), epsilon)];
}

function normalised(
  call: KernelCall,
  x: EvalTensor,
  scale: NumberData,
  bias: NumberData,
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  epsilon: number,
): EvalTensor {
  const y = call.allocate(x.dtype, x.dims);
  const [from, to] = [call.asNumbers(x), y.data as NumberData];
  const channel = channelOf(x, call.opset < 9 && call.node.int('spatial', 1) === 0);
  for (let i = 0; i < to.length; i++) {
    const c = channel(i);
    to[i] = ((from[i]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * scale[c]! + bias[c]!;
  }
  return y;
}

function trainedBatch(call: KernelCall, x: EvalTensor, epsilon: number): EvalTensor[] {
  const momentum = call.node.float('momentum', Math.fround(0.9));
  const { starts, inside } = rowsAlong(
    x.dims,
    x.dims.map((_, axis) => axis).filter((axis) => axis !== 1),
  );
  const from = call.asNumbers(x);
  const batch = Array.from(starts, (start) => moments(Float64Array.from(inside, (offset) => from[start + offset]!)));
  const blend = (old: EvalTensor, fresh: readonly number[]) => {
    const data = call.asNumbers(old);
    return call.result(
      old.dtype,
      old.dims,
      fresh.map((value, c) => data[c]! * momentum + value * (1 - momentum)),
    );
  };
  const [means, variances] = [batch.map((b) => b.mean), batch.map((b) => b.variance)];
  const y = normalised(call, x, call.numbers(1), call.numbers(2), means, variances, epsilon);
  return [y, blend(call.tensor(3), means), blend(call.tensor(4), variances)];
}

/** Multiplies by a scale and adds a bias that broadcast to `y`, in place. */
function scaleAndShift(
  call: KernelCall,
  y: EvalTensor,
  scale: EvalTensor | undefined,
  bias: EvalTensor | undefined,
): void {
  const to = y.data as NumberData;
  const is = scale && broadcastOffsets(scale.dims, y.dims);
  const ib = bias && broadcastOffsets(bias.dims, y.dims);
  const factors = scale && call.asNumbers(scale);
  const addends = bias && call.asNumbers(bias);
  for (let i = 0; i < to.length; i++) {
    const factor = factors ? factors[is ? is[i]! : i]! : 1;
    to[i] = to[i]! * factor + (addends ? addends[ib ? ib[i]! : i]! : 0);
  }
}

/** Normalises over the axes from `axis` on, in double, with mean and 1/deviation as further outputs. */
function layerNormalization(call: KernelCall): EvalTensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', -1), x.dims.length);
  const epsilon = call.node.float('epsilon', Math.fround(1e-5));
  const dims = x.dims.map((dim, i) => (i < axis ? dim : 1));
  const means = new Float64Array(elementCount(dims));
  const inverse = new Float64Array(means.length);
  const y = mapRows(call, x, range(axis, x.dims.length), (row, r) => {
    const { mean, variance } = moments(row);
    [means[r], inverse[r]] = [mean, 1 / Math.sqrt(variance + epsilon)];
    for (let i = 0; i < row.length; i++) row[i] = (row[i]! - mean) * inverse[r]!;
  });
  scaleAndShift(call, y, call.optional(1), call.optional(2));
  // Stage one, whose type these have, runs in stash_type (1: float32).
  const stage = dtypeAttribute(call, 'stash_type', 'float32');
  return [y, call.result(stage, dims, means), call.result(stage, dims, inverse)];
}

function rmsNormalization(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', -1), x.dims.length);
  const epsilon = call.node.float('epsilon', Math.fround(1e-5));
  const y = mapRows(call, x, range(axis, x.dims.length), (row) => {
    const inverse = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + epsilon);
    for (let i = 0; i < row.length; i++) row[i]! *= inverse;
  });
  scaleAndShift(call, y, call.tensor(1), undefined);
  // The result has the type of the scale.
  return call.result(call.tensor(1).dtype, y.dims, y.data as NumberData);
}

/** Standardises a row in place. */
function standardise(row: Float64Array, epsilon: number): void {
  const { mean, variance } = moments(row);
  const inverse = 1 / Math.sqrt(variance + epsilon);
  for (let i = 0; i < row.length; i++) row[i] = (row[i]! - mean) * inverse;
}

function instanceNormalization(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const epsilon = call.node.float('epsilon', Math.fround(1e-5));
  const [scale, bias] = [call.numbers(1), call.numbers(2)];
  const channels = x.dims[1] ?? 1;
  return mapRows(call, x, range(2, x.dims.length), (row, r) => {
    standardise(row, epsilon);
    for (let i = 0; i < row.length; i++) row[i] = row[i]! * scale[r % channels]! + bias[r % channels]!;
  });
}

/** Scale and bias are per group before opset 21, per channel since. */
function groupNormalization(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const [n = 0, c = 0, ...spatial] = x.dims;
  const groups = call.node.int('num_groups', 1);
  const epsilon = call.node.float('epsilon', Math.fround(1e-5));
  const [scale, bias] = [call.numbers(1), call.numbers(2)];
  const grouped = { ...x, dims: [n, groups, c / groups, ...spatial] };
  const size = elementCount(spatial);
  const y = mapRows(call, grouped, range(2, grouped.dims.length), (row, r) => {
    standardise(row, epsilon);
    for (let i = 0; i < row.length; i++) {
      const group = r % groups;
      const at = call.opset < 21 ? group : group * (c / groups) + Math.floor(i / size);
      row[i] = row[i]! * scale[at]! + bias[at]!;
    }
  });
  return { ...y, dims: x.dims };
}

/** Local response normalisation across channels. */
function lrn(call: KernelCall): EvalTensor {
  const { node } = call;
  const x = call.tensor(0);
  const size = node.int('size', 1);
  const [alpha, beta, bias] = [node.float('alpha', Math.fround(1e-4)), node.float('beta', 0.75), node.float('bias', 1)];
  return mapRows(call, x, [1], (row) => {
    const squares = row.map((v) => v * v);
    for (let c = 0; c < row.length; c++) {
      const first = Math.max(0, c - Math.floor((size - 1) / 2));
      const last = Math.min(row.length - 1, c + Math.ceil((size - 1) / 2));
      row[c] = row[c]! / (bias + (alpha / size) * sumOf(squares.subarray(first, last + 1))) ** beta;
    }
  });
}

function lpNormalization(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const p = call.node.int('p', 2);
  return mapRows(call, x, [call.axis(call.node.int('axis', -1), x.dims.length)], (row) => {
    const norm = p === 1 ? row.reduce((s, v) => s + Math.abs(v), 0) : Math.sqrt(row.reduce((s, v) => s + v * v, 0));
    for (let i = 0; i < row.length; i++) row[i] = norm === 0 ? 0 : row[i]! / norm;
  });
}

function meanVarianceNormalization(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  const axes = call.node.ints('axes', [0, 2, 3]).map((axis) => call.axis(axis, x.dims.length));
  return mapRows(call, x, axes, (row) => {
    const { mean, variance } = moments(row);
    // The standard's body adds 1e-9 to the deviation, not to the variance.
    for (let i = 0; i < row.length; i++) row[i] = (row[i]! - mean) / (Math.sqrt(variance) + 1e-9);
  });
}

export const normalization: readonly Kernel[] = [
  defineKernel({ op: 'BatchNormalization', run: batchNormalization }),
  defineKernel({ op: 'LayerNormalization', run: layerNormalization }),
  defineKernel({ op: 'RMSNormalization', run: (call) => [rmsNormalization(call)] }),
  defineKernel({ op: 'InstanceNormalization', run: (call) => [instanceNormalization(call)] }),
  defineKernel({ op: 'GroupNormalization', run: (call) => [groupNormalization(call)] }),
  defineKernel({ op: 'LRN', run: (call) => [lrn(call)] }),
  defineKernel({ op: 'LpNormalization', run: (call) => [lpNormalization(call)] }),
  defineKernel({ op: 'MeanVarianceNormalization', run: (call) => [meanVarianceNormalization(call)] }),
];
