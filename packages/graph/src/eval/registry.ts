import type { Node } from '../ir/node.js';
import type { Kernel } from './kernel.js';
import { activation } from './ops/activation.js';
import { arithmetic } from './ops/arithmetic.js';
import { cast } from './ops/cast.js';
import { causalConv } from './ops/causal-conv.js';
import { controlFlow } from './ops/control-flow.js';
import { convolution } from './ops/conv.js';
import { deformableConvolution } from './ops/deform-conv.js';
import { determinant } from './ops/determinant.js';
import { dropout } from './ops/dropout.js';
import { flexAttentionKernel } from './ops/flex-attention.js';
import { gathering } from './ops/gather.js';
import { groupedAttention } from './ops/group-query-attention.js';
import { imageDecoder } from './ops/image/image-decoder.js';
import { integerMatmul } from './ops/integer-matmul.js';
import { linearAttentionKernels } from './ops/linear-attention.js';
import { losses } from './ops/loss.js';
import { classicalKernels } from './ops/ml/classical.js';
import { regionPooling } from './ops/max-roi-pool.js';
import { microsoftQuantized } from './ops/microsoft-quantized.js';
import { ordering } from './ops/order.js';
import { scattering } from './ops/scatter.js';
import { signal } from './ops/signal.js';
import { attentionKernels } from './ops/attention.js';
import { microsoftAttention } from './ops/microsoft-attention.js';
import { microsoftFloat } from './ops/microsoft-float.js';
import { microsoftFused } from './ops/microsoft-fused.js';
import { optimizers } from './ops/optimizer.js';
import { sampling } from './ops/sampling.js';
import { dynamicLstm } from './ops/dynamic-lstm.js';
import { microsoftQLinear } from './ops/microsoft-qlinear.js';
import { matmulKernels } from './ops/matmul.js';
import { movement } from './ops/move.js';
import { normalization } from './ops/normalization.js';
import { pooling } from './ops/pool.js';
import { quantizeLinearKernels } from './ops/quantize-linear.js';
import { recurrentKernels } from './ops/recurrent.js';
import { reduction } from './ops/reduce.js';
import { resizing } from './ops/resize.js';
import { rotaryKernels } from './ops/rotary.js';
import { shapes } from './ops/shape.js';
import { stringKernels } from './ops/text/strings.js';
import { stringNormalizer } from './ops/text/string-normalizer.js';
import { tfIdfVectorizer } from './ops/text/tf-idf-vectorizer.js';
import { softmax } from './ops/softmax.js';

const FAMILIES: readonly (readonly Kernel[])[] = [
  activation,
  arithmetic,
  cast,
  controlFlow,
  convolution,
  dropout,
  gathering,
  integerMatmul,
  losses,
  classicalKernels,
  microsoftQuantized,
  ordering,
  scattering,
  signal,
  attentionKernels,
  rotaryKernels,
  microsoftAttention,
  microsoftFloat,
  microsoftFused,
  optimizers,
  sampling,
  [dynamicLstm, deformableConvolution, determinant, flexAttentionKernel, groupedAttention, regionPooling],
  causalConv,
  linearAttentionKernels,
  microsoftQLinear,
  matmulKernels,
  movement,
  normalization,
  pooling,
  quantizeLinearKernels,
  recurrentKernels,
  reduction,
  resizing,
  shapes,
  [imageDecoder, ...stringKernels, stringNormalizer, tfIdfVectorizer],
  softmax,
];

const KERNELS = new Map<string, Kernel>();
for (const kernel of FAMILIES.flat()) {
  const key = kindOf(kernel.domain ?? '', kernel.op);
  if (KERNELS.has(key)) throw new Error(`kernel ${key}: is registered twice`);
  KERNELS.set(key, kernel);
}

function kindOf(domain: string, op: string): string {
  return domain === '' ? op : `${domain}::${op}`;
}

/** The kernel for a node's operator, if there is one. */
export function findKernel(node: Node): Kernel | undefined {
  return KERNELS.get(node.kind);
}

/** Kinds of all operators with a kernel, sorted. */
export function claimedOperators(): string[] {
  return [...KERNELS.keys()].sort();
}
