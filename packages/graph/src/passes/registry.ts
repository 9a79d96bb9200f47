import { constantsToInitializers } from './clean/constants-to-initializers.js';
import { deduplicateInitializers } from './clean/deduplicate-initializers.js';
import { eliminateCommonSubexpressions } from './clean/eliminate-common-subexpressions.js';
import { eliminateDeadCode } from './clean/eliminate-dead-code.js';
import { eliminateDropout } from './clean/eliminate-dropout.js';
import { eliminateIdentity } from './clean/eliminate-identity.js';
import { eliminateNoOp } from './clean/eliminate-no-op.js';
import { eliminateUnsqueezes } from './layout/eliminate-unsqueezes.js';
import { foldConstants } from './clean/fold-constants.js';
import { foldReshapeShapes } from './clean/fold-reshape-shapes.js';
import { freezeDefaultInputs } from './clean/freeze-default-inputs.js';
import { fuseAttention, fuseMultiHeadAttention } from './attention/fuse-attention.js';
import { fuseBiasGelu } from './activation/fuse-bias-gelu.js';
import { fuseChannelAffine } from './linear/fuse-channel-affine.js';
import { fuseConvBatchNorm } from './linear/fuse-conv-batch-norm.js';
import { fuseGelu } from './activation/fuse-gelu.js';
import { fuseHardSigmoid } from './activation/fuse-hard-sigmoid.js';
import { fuseInputAffine } from './linear/fuse-input-affine.js';
import { fuseLayerNormalization } from './normalization/fuse-layer-normalization.js';
import { fuseMatMulAdd } from './linear/fuse-matmul-add.js';
import { fuseMish } from './activation/fuse-mish.js';
import { fuseSkipLayerNormalization } from './normalization/fuse-skip-layer-normalization.js';
import { fuseHardSwish, fuseQuickGelu, fuseSwish } from './activation/fuse-swish.js';
import { mergeReshapes } from './layout/merge-reshapes.js';
import { mergeTransposes } from './layout/merge-transposes.js';
import { fuseTransposeGemm } from './layout/fuse-transpose-gemm.js';
import { inputsToInitializers } from './clean/inputs-to-initializers.js';
import type { Pass } from './pass.js';
import { pushTransposes } from './layout/push-transposes.js';
import { splitSkipLayerNormalization } from './normalization/split-skip-layer-normalization.js';

/** The default pipeline, in its order. */
const DEFAULT_PASSES: readonly Pass[] = [
  inputsToInitializers,
  constantsToInitializers,
  eliminateIdentity,
  eliminateDropout,
  foldConstants,
  foldReshapeShapes,
  mergeReshapes,
  mergeTransposes,
  eliminateUnsqueezes,
  eliminateNoOp,
  eliminateCommonSubexpressions,
  // Before the layers take up the sums and products that these patterns consist of.
  fuseLayerNormalization,
  fuseGelu,
  fuseHardSigmoid,
  fuseMish,
  // Behind the normalizations, which are known over the last axes; before the layers, which then see their constants.
  pushTransposes,
  fuseConvBatchNorm,
  fuseChannelAffine,
  fuseInputAffine,
  fuseTransposeGemm,
  fuseMatMulAdd,
  eliminateDeadCode,
];

/** What makes a model faster in ONNX Runtime, or is of its own operators; behind the default passes. */
const ONNXRUNTIME_PASSES: readonly Pass[] = [fuseAttention, fuseMultiHeadAttention, splitSkipLayerNormalization];

/** Passes that run only when asked for by name. */
const EXPLICIT_PASSES: readonly Pass[] = [
  ...ONNXRUNTIME_PASSES,
  deduplicateInitializers,
  freezeDefaultInputs,
  fuseBiasGelu,
  fuseHardSwish,
  fuseQuickGelu,
  fuseSkipLayerNormalization,
  fuseSwish,
];

/** Every pass, by name unique. */
export const PASSES: readonly Pass[] = [...DEFAULT_PASSES, ...EXPLICIT_PASSES];

const namesOf = (passes: readonly Pass[]): readonly string[] => passes.map((pass) => pass.name);

/** Names of the passes of the default pipeline, in order. */
export const DEFAULT_PIPELINE: readonly string[] = namesOf(DEFAULT_PASSES);

/** The pipelines that have a name. 'onnxruntime': the default one, and what only its CPU provider gains from. */
export const PIPELINES = {
  default: DEFAULT_PIPELINE,
  onnxruntime: namesOf([...DEFAULT_PASSES, ...ONNXRUNTIME_PASSES]),
} as const;

/** The name of a pipeline. */
export type PipelineName = keyof typeof PIPELINES;
