import { type Node, roundHalfEven, Tensor, type Value } from '@gossamer/graph';
import { addParams, addQuantize, limitCodes, type ParamValues } from '../quantize-linear.js';
import { floatData } from '../weights/float-data.js';
import { ACTIVATION_LIMITS, type ActivationParams } from './activation-params.js';
import type { StaticPlan } from './static-plan.js';

/** The initializers that a plan's parameters and constants become, each made once: what both forms of a static result share. */
export class PlanValues {
  readonly #params = new Map<Value, ParamValues>();

  constructor(private readonly plan: StaticPlan) {}

  /** Scale and zero point of `value`; values that share parameters share them. */
  params(value: Value): ParamValues {
    const root = this.plan.root(value);
    const known = this.#params.get(root);
    if (known) return known;
    const made = addParams(root.graph, root.name, this.plan.params(value));
    this.#params.set(root, made);
    return made;
  }

  /** The codes of a value that no integer unit makes, before `reader`: an initializer of a constant, else by QuantizeLinear. */
  codes(value: Value, reader: Node): Value {
    const { graph } = reader;
    if (!value.constant) {
      const quantize = addQuantize(graph, value, this.params(value), { before: reader }, value.name);
      return limitCodes(quantize, this.plan.params(value)).output;
    }
    return graph.addInitializer(`${value.name}_quantized`, quantizeConstant(value.constant, this.plan.params(value)));
  }
}

/** Codes of a constant operand. */
function quantizeConstant(constant: Tensor, { scale, zeroPoint, dtype }: ActivationParams): Tensor {
  const { quantMin, quantMax } = ACTIVATION_LIMITS[dtype];
  const codes = Array.from(floatData(constant), (x) => {
    return Math.max(quantMin, Math.min(quantMax, roundHalfEven(x / scale) + zeroPoint));
  });
  return Tensor.fromNumbers(dtype, constant.dims, codes);
}
