import { type Convolution, product } from '../convolution.js';
import { inSlices } from './batch-slices.js';
import { channelsLastByRow } from './channels-last.js';
import { depthwise } from './depthwise.js';
import { dilatedConv } from './dilated-conv.js';
import type { Formulation } from './formulation.js';
import { samplesByColumns, samplesByTap } from './samples.js';

/** Maps with more positions than this make products of single samples long enough. Between 14 x 14, where they lose, and 28 x 28. */
const LARGE_MAP = 256;

/** A product of one sample's 1 x 1 convolution needs more positions than this: it loses by half with 7 x 7, and is even with 14 x 14. */
const SMALL_MAP = 64;

/** Fewer channels than this make too thin a product of one tap. */
const FEW_CHANNELS = 8;

/** What x and dy of one slice of the batch may take to stay in the second-level cache, in bytes. */
const SLICE_BYTES = 2 ** 20;

/** More slices than this cost more in nodes than they gain (16 instead of 8: within 10 %, both ways). */
const MOST_SLICES = 8;

function sliced(formulation: Formulation, problem: Convolution): Formulation {
  const { batch, channels, outChannels, input, output } = problem;
  const bytes = 4 * batch * (channels * product(input) + outChannels * product(output));
  return inSlices(formulation, Math.min(MOST_SLICES, Math.ceil(bytes / SLICE_BYTES)));
}

/**
 * The formulation that was fastest for the shape, or within a sixth of it, in ONNX Runtime 1.30, one thread of a Zen 5 that others used, too (least of
 * many runs, ms; * is chosen; all but the dilated convolution and 1 x 1 in slices of the batch):
 *
 *     x -> w                                 dilated depthwise    by tap   columns      last
 *     128,16,28,28 -> 16,16,3,3                   21                *8.4       9.3       9.7
 *     32,32,28,28 -> 32,32,3,3                    12                *5.3       5.9       5.7
 *     16,64,56,56 -> 64,64,3,3                    68                 *25        37        35
 *     128,32,14,14 -> 32,32,3,3                   12                 6.8       7.7      *5.7
 *     128,64,7,7 -> 64,64,3,3                    7.9                 6.6       7.0      *4.3
 *     128,32,28,28 -> 64,32,3,3, by 2             19                  19        19       *13
 *     128,20,12,12 -> 50,20,5,5                  5.2                 7.0       7.5      *4.7
 *     128,3,32,32 -> 16,3,3,3                     14                  16      *3.3        13
 *     128,1,28,28 -> 20,1,5,5                   *2.0                  12       2.4       4.8
 *     8,3,224,224 -> 64,3,7,7, by 2              *35                 177        76       110
 *     32,32,28,28 -> 96,32,1,1                    11                *1.0       1.0       3.6
 *     16,512,7,7 -> 2048,512,1,1                  93                  32        42       *13
 *     16,256,14,14 -> 1024,256,1,1               110                 *25        22        22
 *     32,96,28,28, depthwise 3x3                  45        19       *17        27
 *     32,192,14,14, depthwise 3x3                 22       *13        22        19
 *     32,96,28,28, depthwise 3x3, by 2           *14        18        23        21
 *     16,128,28,28, 32 groups 3x3                 18                  12      *8.9
 *     32,128,14,14, 4 groups 3x3                  18                *8.5        13
 */
export function chooseFormulation(problem: Convolution): Formulation {
  const { channels, group, kernel, output, strides } = problem;
  const depth = channels / group;
  const positions = product(output);
  const isLarge = positions > LARGE_MAP;
  if (group > 1 && depth === 1) {
    if (strides.some((stride) => stride > 1)) return dilatedConv;
    return sliced(isLarge ? samplesByTap : depthwise, problem);
  }
  if (group > 1) return sliced(isLarge && depth < FEW_CHANNELS ? samplesByColumns : samplesByTap, problem);
  // Every sample is a product of its own already, and reads its x once.
  if (product(kernel) === 1) return positions > SMALL_MAP ? samplesByTap : channelsLastByRow;
  // As many taps as 5 x 5 make columns too many; so little depth, all else too thin.
  if (depth < FEW_CHANNELS && isLarge) return product(kernel) < 25 ? sliced(samplesByColumns, problem) : dilatedConv;
  return sliced(isLarge ? samplesByTap : channelsLastByRow, problem);
}
