import { activationGrad } from './activation-grad.js';
import { averagePoolGrad } from './average-pool-grad.js';
import { batchNormGrad } from './batch-norm-grad.js';
import { batchNormTrain } from './batch-norm-train.js';
import { biasGrad } from './bias-grad.js';
import { convGradInput } from './conv-grad-input.js';
import { convGradWeight } from './conv-grad-weight.js';
import { fakeQuantizeFunction } from './fake-quantize.js';
import { gatherGrad } from './gather-grad.js';
import { gradientScaleFunction } from './gradient-scale.js';
import { layerNormGrad } from './layer-norm-grad.js';
import { maxPoolGrad } from './max-pool-grad.js';
import { softmaxCrossEntropy, softmaxCrossEntropyGrad } from './softmax-cross-entropy.js';
import { logSoftmaxGrad, softmaxGrad } from './softmax-grad.js';
import type { TrainFunction } from './train-function.js';

/** Every registered function; one line each. */
const FUNCTIONS: readonly TrainFunction[] = [
  activationGrad,
  averagePoolGrad,
  batchNormGrad,
  batchNormTrain,
  biasGrad,
  convGradInput,
  convGradWeight,
  fakeQuantizeFunction,
  gatherGrad,
  gradientScaleFunction,
  layerNormGrad,
  logSoftmaxGrad,
  maxPoolGrad,
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
  softmaxGrad,
];

const BY_NAME = new Map(FUNCTIONS.map((definition) => [definition.name, definition]));

/** The function called `name`; undefined where there is none. */
export const findFunction = (name: string): TrainFunction | undefined => BY_NAME.get(name);

/** Names of all functions, sorted. */
export const functionNames = (): string[] => [...BY_NAME.keys()].sort();
