import { addDims, type Dim, floorDivideDims, subtractDims } from '../../ir/dim.js';
import { normaliseAxis, requireRank, requireRankFrom, scalarOf } from '../arguments.js';
import { defineRule } from '../rule.js';

/** Bins of a one-sided spectrum. */
const halfSpectrum = (length: Dim): Dim => addDims(floorDivideDims(length, 2), 1);

/** DFT: the axis is an attribute in version 17 (default 1), input 2 since 20 (default -2). The last axis holds real and imaginary part. */
const dft = defineRule({
  op: 'DFT',
  infer(node, context) {
    const source = requireRankFrom(context, 0, 2);
    const dtype = context.dtypeOf(0);
    if (!source) return context.setTensor(0, dtype, undefined);
    const [inverse, onesided] = [node.int('inverse', 0) === 1, node.int('onesided', 0) === 1];
    const [parts, wanted] = [source.at(-1), inverse ? 2 : 1];
    if (onesided && typeof parts === 'number' && parts !== wanted) {
      throw context.error('input', `a last axis of ${wanted} for a one-sided transform`, [...source]);
    }
    const given = context.has(2) ? scalarOf(context, 2) : node.int('axis', context.opset < 20 ? 1 : -2);
    if (given === undefined) {
      // Some axis changes its size, unless all bins are kept.
      const kept = onesided || context.has(1) ? source.map(() => undefined) : source;
      return context.setTensor(0, dtype, [...kept.slice(0, -1), onesided && inverse ? 1 : 2]);
    }
    const axis = normaliseAxis(context, given, source.length);
    if (axis === source.length - 1) throw context.error('axis', 'one of the signal axes, all but the last', given);
    const shape = [...source];
    if (context.has(1)) shape[axis] = context.dataOf(1)?.[0];
    if (onesided && inverse) {
      // Real output, twice the bins (less the two that have no mirror image).
      if (!context.has(1)) shape[axis] = doubled(source[axis]);
      return context.setTensor(0, dtype, [...shape.slice(0, -1), 1]);
    }
    if (onesided) shape[axis] = halfSpectrum(shape[axis]);
    return context.setTensor(0, dtype, [...shape.slice(0, -1), 2]);
  },
});

const doubled = (bins: Dim): Dim => subtractDims(addDims(bins, bins), 2);

/** STFT: signal [n, length, 1 | 2] to [n, frames, bins, 2]. */
const stft = defineRule({
  op: 'STFT',
  infer(node, context) {
    const signal = requireRank(context, 0, 2, 3);
    const step = scalarOf(context, 1);
    const window = context.has(2) ? requireRank(context, 2, 1)?.[0] : undefined;
    const length = context.has(3) ? context.dataOf(3)?.[0] : window;
    const room = subtractDims(signal?.[1], length);
    const frames = step !== undefined && step > 0 ? addDims(floorDivideDims(room, step), 1) : undefined;
    const bins = node.int('onesided', 1) === 1 ? halfSpectrum(length) : length;
    context.setTensor(0, context.dtypeOf(0), [signal?.[0], frames, bins, 2]);
  },
});

export const signalRules = [dft, stft];
