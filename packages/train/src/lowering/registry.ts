import type { Node } from '@gossamer/graph';
import { activationLowering, preluLowering, swigluLowering } from './activation.js';
import { attentionLowering } from './attention.js';
import { depthToSpaceLowering, spaceToDepthLowering } from './depth-to-space.js';
import { einsumLowering } from './einsum.js';
import { globalMaxPoolLowering } from './global-max-pool.js';
import { groupNormalizationLowering, instanceNormalizationLowering } from './group-normalization.js';
import { gruLowering } from './gru.js';
import { layerNormalizationLowering } from './layer-normalization.js';
import { negativeLogLikelihoodLowering, softmaxCrossEntropyLowering } from './losses.js';
import type { Lowering } from './lowering.js';
import { globalLpPoolLowering, lpPoolLowering } from './lp-pool.js';
import { lrnLowering } from './lrn.js';
import { lstmLowering } from './lstm.js';
import { fastGeluLowering, microsoftGeluLowering, quickGeluLowering } from './microsoft-activation.js';
import { fusedConvLowering, fusedGemmLowering, fusedMatMulLowering, nhwcConvLowering } from './microsoft-product.js';
import { rmsNormalizationLowering } from './rms-normalization.js';
import { rnnLowering } from './rnn.js';
import { microsoftRotaryEmbeddingLowering, rotaryEmbeddingLowering } from './rotary-embedding.js';
import { skipLayerNormalizationLowering, skipRmsNormalizationLowering } from './skip-normalization.js';
import { lpNormalizationLowering, meanVarianceLowering } from './standardise.js';

/** Every lowering; one line each. */
const LOWERINGS: readonly Lowering[] = [
  activationLowering,
  attentionLowering,
  depthToSpaceLowering,
  einsumLowering,
  fastGeluLowering,
  fusedConvLowering,
  fusedGemmLowering,
  fusedMatMulLowering,
  globalLpPoolLowering,
  globalMaxPoolLowering,
  groupNormalizationLowering,
  gruLowering,
  instanceNormalizationLowering,
  layerNormalizationLowering,
  lpNormalizationLowering,
  lpPoolLowering,
  lrnLowering,
  lstmLowering,
  meanVarianceLowering,
  microsoftGeluLowering,
  microsoftRotaryEmbeddingLowering,
  negativeLogLikelihoodLowering,
  nhwcConvLowering,
  preluLowering,
  quickGeluLowering,
  rmsNormalizationLowering,
  rnnLowering,
  rotaryEmbeddingLowering,
  skipLayerNormalizationLowering,
  skipRmsNormalizationLowering,
  softmaxCrossEntropyLowering,
  spaceToDepthLowering,
  swigluLowering,
];

const BY_KIND = new Map(LOWERINGS.flatMap((rule) => rule.ops.map((op) => [`${rule.domain}::${op}`, rule] as const)));

/** The lowering of a node; undefined where it is a primitive, or unknown. */
export const findLowering = (node: Node): Lowering | undefined => BY_KIND.get(`${node.domain}::${node.op}`);

/** Every operator that is lowered, as `domain::op`, sorted. */
export const loweredKinds = (): string[] => [...BY_KIND.keys()].sort();
