import type { Node } from '@gossamer/graph';
import { activationGradient } from './activation.js';
import { addGradient, divGradient, mulGradient, subGradient } from './arithmetic.js';
import { batchNormTrainGradient } from './batch-norm-train.js';
import { batchNormalizationGradient } from './batch-normalization.js';
import { castGradient } from './cast.js';
import { clipGradient } from './clip.js';
import { concatGradient } from './concat.js';
import { convTransposeGradient } from './conv-transpose.js';
import { convGradient } from './conv.js';
import { cumSumGradient } from './cum-sum.js';
import { einsumGradient } from './einsum.js';
import { expandGradient } from './expand.js';
import { extremesGradient } from './extremes.js';
import { fakeQuantizeGradient } from './fake-quantize.js';
import { gatherElementsGradient } from './gather-elements.js';
import { gatherNdGradient } from './gather-nd.js';
import { gatherGradient } from './gather.js';
import { gemmGradient } from './gemm.js';
import type { GradientRule } from './gradient-rule.js';
import { gradientScaleGradient } from './gradient-scale.js';
import { layerNormalizationGradient } from './layer-normalization.js';
import { matMulGradient } from './matmul.js';
import { modGradient } from './mod.js';
import { padGradient } from './pad.js';
import { averagePoolGradient, globalAveragePoolGradient, maxPoolGradient } from './pool.js';
import { powGradient } from './pow.js';
import { reduceExtremesGradient } from './reduce-extremes.js';
import { reduceNormGradient } from './reduce-norm.js';
import { reduceProdGradient } from './reduce-prod.js';
import { reduceGradient } from './reduce.js';
import { reshapeGradient } from './reshape.js';
import { resizeGradient } from './resize.js';
import { scatterElementsGradient, scatterNdGradient } from './scatter.js';
import { sliceGradient } from './slice.js';
import { softmaxCrossEntropyGradient } from './softmax-cross-entropy.js';
import { softmaxGradient } from './softmax.js';
import { splitGradient } from './split.js';
import { sumGradient } from './sum.js';
import { tileGradient } from './tile.js';
import { transposeGradient } from './transpose.js';
import { triluGradient } from './trilu.js';
import { unaryGradient } from './unary.js';
import { whereGradient } from './where.js';

/** Every rule; one line each. */
const RULES: readonly GradientRule[] = [
  activationGradient,
  addGradient,
  averagePoolGradient,
  batchNormalizationGradient,
  batchNormTrainGradient,
  castGradient,
  clipGradient,
  concatGradient,
  convGradient,
  convTransposeGradient,
  cumSumGradient,
  divGradient,
  einsumGradient,
  expandGradient,
  extremesGradient,
  fakeQuantizeGradient,
  gatherElementsGradient,
  gatherGradient,
  gatherNdGradient,
  gemmGradient,
  globalAveragePoolGradient,
  gradientScaleGradient,
  layerNormalizationGradient,
  matMulGradient,
  maxPoolGradient,
  modGradient,
  mulGradient,
  padGradient,
  powGradient,
  reduceExtremesGradient,
  reduceGradient,
  reduceNormGradient,
  reduceProdGradient,
  reshapeGradient,
  resizeGradient,
  scatterElementsGradient,
  scatterNdGradient,
  sliceGradient,
  softmaxCrossEntropyGradient,
  softmaxGradient,
  splitGradient,
  subGradient,
  sumGradient,
  tileGradient,
  transposeGradient,
  triluGradient,
  unaryGradient,
  whereGradient,
];

const BY_KIND = new Map(RULES.flatMap((rule) => rule.ops.map((op) => [`${rule.domain}::${op}`, rule] as const)));

/** The rule for a node; undefined where there is none. */
export const findGradient = (node: Node): GradientRule | undefined => BY_KIND.get(`${node.domain}::${node.op}`);

/** Every operator with a rule, as `domain::op`, sorted. */
export const gradientKinds = (): string[] => [...BY_KIND.keys()].sort();
