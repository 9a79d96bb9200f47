import { attribute, type Tensor, type Value } from '@gossamer/graph';
import { broadcastsTo } from '../emit/broadcasts-to.js';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';
import { badOption } from '../require-option.js';

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
  /**
   * True: beyond the codes gradients that lead back come through, so that what went out is not lost to the training, and those that lead on alone say to a learned scale that it is too small. Default false, as LSQ has it: none come through.
   */
  readonly comesBack?: boolean;
}

/** Names of the parameters that a learned scale and zero point become. */
export const scaleName = (value: string): string => `scale/${value}`;
export const zeroPointName = (value: string): string => `zero-point/${value}`;

/**
 * A form in which the readers of some values see them quantized and dequantized (FakeQuantize): gradients flow straight through the rounding. Learned
 * scales become parameters of the form; their gradients are multiplied by 1 / sqrt(count quantMax), count the elements that share one.
 *
 * Source: Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv:1902.08153), section 2.2 (the factor of the gradients).
 * Throws ERR_TRAIN_OPTIONS for a value the form has not, and for a grid that the value cannot be put on.
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
  if (missing) badOption('fake-quantize', 'an input or a result of the training form', missing.value);
  for (const output of form.model.graph.outputs) g.output(made.get(output)!, output.name);
  return { ...form, model: g.model, parameters: [...form.parameters, ...added] };
}

/** Throws ERR_TRAIN_OPTIONS unless the value is of floats, the grid broadcasts to it, scales are > 0 and there are codes. */
function checkGrid(g: Emitter, value: Value, { scale, zeroPoint, quantMin, quantMax }: FakeQuantizeSpec): void {
  const [what, shape] = [`fake-quantize of ${value.name}`, g.shape(value)];
  if (g.dtype(value) !== 'float32') badOption(what, 'a value of float32', g.dtype(value));
  for (const { dims } of [scale, zeroPoint]) {
    if (!broadcastsTo(dims, shape)) badOption(what, `a grid that broadcasts to [${shape.join()}]`, [...dims]);
  }
  const idle = scale.toFloat32().find((unit) => !(unit > 0 && unit < Infinity));
  if (idle !== undefined) badOption(what, 'finite scales > 0', idle);
  if (!(quantMin < quantMax)) badOption(what, 'quantMin < quantMax', [quantMin, quantMax]);
}

function quantized(g: Emitter, value: Value, spec: FakeQuantizeSpec, added: Parameter[]): Value {
  const { learned = 'none', comesBack = false, quantMin, quantMax } = spec;
  checkGrid(g, value, spec);
  g.scope = `${value.name}/`;
  const trained = (name: string, initial: Tensor): Value => {
    const input = g.input(name, 'float32', initial.dims);
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
    ...(comesBack ? { comes_back: attribute.int(1) } : {}),
  })[0]!;
}

/** `value` itself, whose gradient is multiplied by `factor`: a GradientScale. */
const scaleGradient = (g: Emitter, value: Value, factor: number): Value =>
  g.call('GradientScale', [value], { factor: attribute.float(factor) })[0]!;
