import { type Convolution, product } from '../convolution.js';
import { channelsLastByRow, channelsLastByTap } from './channels-last.js';
import { depthwise } from './depthwise.js';
import { dilatedConv } from './dilated-conv.js';
import type { Formulation } from './formulation.js';
import { samplesByColumns, samplesByTap } from './samples.js';

/** The formulation that was fastest for the shape. */
export function chooseFormulation(problem: Convolution): Formulation {
  const { channels, group, kernel, output } = problem;
  if (group === channels) return depthwise;
  if (group > 1) return dilatedConv;
  const isPointwise = product(kernel) === 1;
  if (isPointwise || (channels <= 16 && product(output) > 256))
    return channels < 8 && !isPointwise ? samplesByColumns : samplesByTap;
  return kernel.at(-1)! > 3 ? channelsLastByRow : channelsLastByTap;
}
