import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf } from '../strided.js';
import { windowOf } from '../window.js';

/** The weighted grid points around a point, those outside left out: linear interpolation with zeros around. */
function corners(point: readonly number[], dims: readonly number[], strides: readonly number[]): [number, number][] {
  let taps: [number, number][] = [[0, 1]];
  point.forEach((x, axis) => {
    const low = Math.floor(x);
    const choices = [
      [low, 1 - (x - low)],
      [low + 1, x - low],
    ] as const;
    taps = taps.flatMap(([offset, weight]) =>
      choices
        .filter(([at, share]) => at >= 0 && at < dims[axis]! && share !== 0)
        .map(([at, share]): [number, number] => [offset + at * strides[axis]!, weight * share]),
    );
  });
  return taps;
}

/** How a call's tensors are divided: spatial dims of the input, of the kernel and of the output, and channels by groups. */
interface Plan {
  readonly spatial: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly channels: number;
  readonly outputs: number;
  readonly groups: number;
  readonly offsetGroups: number;
}

function planOf(call: KernelCall, x: EvalTensor, w: EvalTensor, offset: EvalTensor): Plan {
  const [, channels = 0, ...spatial] = x.dims;
  const [outputs = 0, perGroup = 0, ...kernel] = w.dims;
  const [groups, offsetGroups] = [call.node.int('group', 1), call.node.int('offset_group', 1)];
  if (perGroup * groups !== channels || outputs % groups !== 0 || channels % offsetGroups !== 0) {
    call.fail('ERR_EVAL_SHAPE', 'weight', `[g*m, ${channels}/g, ..] with g = ${groups}`, `[${w.dims.join(',')}]`);
  }
  const { output } = windowOf(call, spatial, kernel);
  const taps = offsetGroups * elementCount(kernel);
  for (const [name, given, planes] of [
    ['offset', offset, taps * kernel.length],
    ['mask', call.optional(4), taps],
  ] as const) {
    const wanted = [x.dims[0]!, planes, ...output].join(',');
    if (given && given.dims.join(',') !== wanted) {
      call.fail('ERR_EVAL_SHAPE', name, `[${wanted}]`, `[${given.dims.join(',')}]`);
    }
  }
  return { spatial, kernel, output, channels, outputs, groups, offsetGroups };
}

/**
 * Where the taps of every output position read: `corners` of (group of offsets, tap), for item `n` and `position`. A tap stands at its
 * place in the window plus its offset; a mask weighs it.
 */
function sampler(call: KernelCall, plan: Plan, offset: EvalTensor, mask: EvalTensor | undefined) {
  const { node } = call;
  const { spatial, kernel, output, offsetGroups } = plan;
  const rank = spatial.length;
  const per = (name: string, value: number, count: number) => node.ints(name, new Array<number>(count).fill(value));
  const [steps, dilations, pads] = [per('strides', 1, rank), per('dilations', 1, rank), per('pads', 0, 2 * rank)];
  const [taps, positions, strides] = [elementCount(kernel), elementCount(output), stridesOf(spatial)];
  const [kernelStrides, outputStrides] = [stridesOf(kernel), stridesOf(output)];
  const [shifts, weights] = [call.asNumbers(offset), mask && call.asNumbers(mask)];
  return (n: number, position: number, group: number, tap: number): [number, number][] => {
    const at = (n * offsetGroups + group) * taps + tap;
    const point = spatial.map((_, axis) => {
      const place = Math.floor(position / outputStrides[axis]!) % output[axis]!;
      const inside = Math.floor(tap / kernelStrides[axis]!) % kernel[axis]!;
      const shift = shifts[(at * rank + axis) * positions + position]!;
      return place * steps[axis]! - pads[axis]! + inside * dilations[axis]! + shift;
    });
    const weight = weights ? weights[at * positions + position]! : 1;
    return corners(point, spatial, strides).map(([place, share]) => [place, share * weight]);
  };
}

/** A convolution whose taps are moved by offsets and weighed by a mask. Source: Zhu et al. 2018, Deformable ConvNets v2, equation 1. */
function deformConv(call: KernelCall): EvalTensor {
  const [x, w, offset, bias] = [call.tensor(0), call.tensor(1), call.tensor(2), call.optional(3)];
  const plan = planOf(call, x, w, offset);
  const { channels, outputs, groups, offsetGroups } = plan;
  const [size, taps, positions] = [plan.spatial, plan.kernel, plan.output].map(elementCount) as [
    number,
    number,
    number,
  ];
  const [batch, perGroup, outputsPerGroup] = [x.dims[0]!, channels / groups, outputs / groups];
  call.charge(batch * outputs * perGroup * taps * positions);
  const sample = sampler(call, plan, offset, call.optional(4));
  const [from, weights, addends] = [call.asNumbers(x), call.asNumbers(w), bias && call.asNumbers(bias)];
  const target = call.allocate(x.dtype, [batch, outputs, ...plan.output]);
  const to = target.data as NumberData;
  const patch = new Float64Array(channels * taps);
  for (let n = 0; n < batch; n++) {
    for (let position = 0; position < positions; position++) {
      for (let group = 0; group < offsetGroups; group++) {
        for (let tap = 0; tap < taps; tap++) {
          const points = sample(n, position, group, tap);
          const width = channels / offsetGroups;
          for (let c = group * width; c < (group + 1) * width; c++) {
            const base = (n * channels + c) * size;
            patch[c * taps + tap] = points.reduce((sum, [place, share]) => sum + share * from[base + place]!, 0);
          }
        }
      }
      for (let m = 0; m < outputs; m++) {
        const start = Math.floor(m / outputsPerGroup) * perGroup * taps;
        let sum = addends ? addends[m]! : 0;
        for (let i = 0; i < perGroup * taps; i++) sum += weights[m * perGroup * taps + i]! * patch[start + i]!;
        to[(n * outputs + m) * positions + position] = sum;
      }
    }
  }
  return target;
}

export const deformableConvolution: Kernel = defineKernel({ op: 'DeformConv', run: (call) => [deformConv(call)] });
