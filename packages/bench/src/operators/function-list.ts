import { operatorTypes } from '@gossamer/kernels';
import { tfjsOperators } from '@gossamer/runtime';
import { functionNames, gradientKinds, TRAIN_DOMAIN } from '@gossamer/train';

/** A registered function of training, and who has a kernel for it; every other engine runs its body. */
export interface FunctionRow {
  readonly name: string;
  /** Gradients flow through it: it stands in forward passes. */
  readonly differentiable: boolean;
  readonly native: boolean;
  readonly tfjs: boolean;
}

export function functionRows(): FunctionRow[] {
  const types = operatorTypes();
  const rules = new Set(gradientKinds());
  const tfjs = new Set(tfjsOperators());
  return functionNames().map((name) => ({
    name,
    differentiable: rules.has(`${TRAIN_DOMAIN}::${name}`),
    native: types.has(name) || types.has(`${name}Nhwc`),
    tfjs: tfjs.has(`${TRAIN_DOMAIN}::${name}`),
  }));
}
