import type { Kernel } from '../../kernel.js';
import { categoryOperators } from './categories.js';
import { featureScaling } from './feature-scaling.js';
import { linearModels } from './linear.js';
import { mapOperators } from './maps.js';
import { supportVectorMachines } from './svm.js';
import { treeEnsembles } from './tree-ensemble.js';

/** All operators of ai.onnx.ml. */
export const classicalKernels: readonly Kernel[] = [
  ...categoryOperators,
  ...featureScaling,
  ...linearModels,
  ...mapOperators,
  ...supportVectorMachines,
  ...treeEnsembles,
];
