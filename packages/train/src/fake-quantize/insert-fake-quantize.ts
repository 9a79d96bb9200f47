import { attribute, GossamerError, type Tensor, tensorType, type Value } from '@gossamer/graph';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';

/** A value whose readers see it on the grid of its codes. */
export interface FakeQuantizeSpec {
  /** Name of a parameter or of any other float value of the form. */
  readonly value: string;
  /** Real units of one code, > 0: a scalar, or broadcast to the value (an output channel's, say). */
  readonly scale: Tensor;
  /** Whole numbers, float32, of the scale's shape. */
  readonly zeroPoint: Tensor;
  readonly quantMin: number;
  readonly quantMax: number;
  /** What is trained with the weights. Default 'none': both stay. */
  readonly learned?: 'none' | 'scale' | 'scale-and-zero-point';
}

/** Names of the parameters that a learned scale and zero point become. */
export const scaleName = (value: string): string => `scale/${value}`;
export const zeroPointName = (value: string): string => `zero-point/${value}`;

/**
 * A form in which the readers of some values see them quantized and dequantized (FakeQuantize): gradients flow straight through the rounding. Learned
 * scales become parameters of the form; their gradients are multiplied by 1 / sqrt(count quantMax), count the elements that share one.
 *
 * Source: Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv:1902.08153), section 2.2 (the factor of the gradients).
 * Throws ERR_TRAIN_OPTIONS for a value the form has not.
 */
export function insertFakeQuantize(form: TrainingForm, specs: readonly FakeQuantizeSpec[]): TrainingForm {
  const byName = new Map(specs.map((spec) => [spec.value, spec]));
  const added: Parameter[] = [];
  const met = new Set<string>();
  const { g, made } = copyGraph(
    form.model,
    () => undefined,
    (emitter, value) => {
      const spec = byName.get(value.name);
      if (!spec) return value;
      met.add(value.name);
      return quantized(emitter, value, spec, added);
    },
  );
  const missing = specs.find(({ value }) => !met.has(value));
  if (missing) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `fake-quantize: expected an input or a result of the training form, received ${missing.value}`,
    );
  }
  for (const output of form.model.graph.outputs) g.output(made.get(output)!, output.name);
  return { ...form, model: g.model, parameters: [...form.parameters, ...added] };
}

function quantized(g: Emitter, value: Value, spec: FakeQuantizeSpec, added: Parameter[]): Value {
  const { learned = 'none', quantMin, quantMax } = spec;
  g.scope = `${value.name}/`;
  const trained = (name: string, initial: Tensor): Value => {
    const type = tensorType('float32', initial.dims);
    const input = g.graph.addInput(name, type);
    g.types.set(input, type);
    added.push({ name, role: 'bias', initial, isAdded: true });
    const shared = g.size(value) / Math.max(1, initial.length);
    return scaleGradient(g, input, 1 / Math.sqrt(shared * Math.max(1, quantMax)));
  };
  const scale = learned === 'none' ? g.tensor(spec.scale) : trained(scaleName(spec.value), spec.scale);
  const zeroPoint =
    learned === 'scale-and-zero-point' ? trained(zeroPointName(spec.value), spec.zeroPoint) : g.tensor(spec.zeroPoint);
  return g.call('FakeQuantize', [value, scale, zeroPoint], {
    quant_min: attribute.int(quantMin),
    quant_max: attribute.int(quantMax),
  })[0]!;
}

/** `value` itself, whose gradient is multiplied by `factor`: a GradientScale. */
const scaleGradient = (g: Emitter, value: Value, factor: number): Value =>
  g.call('GradientScale', [value], { factor: attribute.float(factor) })[0]!;
