import { type Model, Tensor, type Value } from '@gossamer/graph';
import { ComposedForm, type Emitter, toTrainingForm, type TrainingForm } from '@gossamer/train';
import { STRETCH } from '../algorithms/rounding-variable.js';
import type { SoftWeight } from './soft-weights.js';

/** Scalar inputs of a rounding form: beta, and what the regulariser is multiplied by. */
export const BETA = 'rounding/beta';
export const STRENGTH = 'rounding/strength';
/** Its output that is the regulariser times its strength. */
export const ROUNDING = 'rounding/regulariser';

export const variableName = (weight: string): string => `rounding/${weight}`;
/** Input with the values of the float model, beside `input` with those of the quantized one. */
export const floatName = (input: string): string => `float/${input}`;

export interface RoundingFormOptions {
  readonly batch: number;
  /** Share of the elements of an input that are the float model's (QDrop); 0: none. */
  readonly drop: number;
}

/**
 * A unit as it is trained: its inputs are the model's, the weights of `weights` lower + gap h(V) with V the only parameters; its outputs are the
 * model's and the regulariser, sum(1 - |2 h(V) - 1|^beta) over the weights that have two neighbours, times its strength.
 *
 * Sources: Nagel et al. 2020 (arXiv:2004.10568), equations 21 to 24 (h, regulariser); Li et al., "BRECQ", ICLR 2021 (arXiv:2102.05426); Wei et al.,
 * "QDrop", ICLR 2022 (arXiv:2203.05740), equation 9 (inputs that are quantized by chance, by element).
 */
export function roundingForm(
  model: Model,
  weights: readonly SoftWeight[],
  { batch, drop }: RoundingFormOptions,
): TrainingForm {
  const trainable = weights.map(({ name }) => name);
  const form = toTrainingForm(model, { batch, mode: 'evaluate', batchNorm: 'frozen', trainable });
  const composed = new ComposedForm(model.graph.name);
  const { g } = composed;
  const random: { readonly name: string; readonly shape: readonly number[] }[] = [];
  const inputs = form.inputs.map((name) => {
    const type = form.model.graph.value(name)!.type;
    const [shape, dtype] =
      type?.kind === 'tensor' ? [type.shape as readonly number[], type.dtype!] : [[], 'float32' as const];
    const value = g.input(name, dtype, shape);
    if (drop === 0 || dtype !== 'float32') return value;
    const kept = g.input(floatName(name), 'float32', shape);
    const draw = g.input(`random/drop/${name}`, 'float32', shape);
    random.push({ name: draw.name, shape });
    return g.where(g.op('Less', [draw, g.constant(drop)]), kept, value);
  });
  const [beta, strength] = [g.input(BETA, 'float32', []), g.input(STRENGTH, 'float32', [])];
  const terms: Value[] = [];
  const soft = weights.map(({ name, lower, gap, variable }) => {
    g.scope = `${name}/rounding/`;
    const h = stretchedSigmoid(g, g.input(variableName(name), 'float32', variable.dims));
    const distance = g.op('Abs', [g.sub(g.scale(h, 2), g.constant(1))]);
    const open = g.sub(g.constant(1), g.op('Pow', [distance, beta]));
    terms.push(sumOf(g, g.mul(open, g.tensor(between(gap)))));
    return g.add(g.tensor(lower), g.mul(g.tensor(gap), h));
  });
  const asInputs = { ...form, inputs: [...form.inputs, ...form.parameters.map(({ name }) => name)], parameters: [] };
  const places = new Map(trainable.map((name, i) => [name, soft[i]!]));
  const read = composed.embed(asInputs, [...inputs, ...form.parameters.map(({ name }) => places.get(name)!)], {
    state: 'constant',
  });
  const regulariser = g.mul(
    terms.reduce((a, b) => g.add(a, b)),
    strength,
  );
  const outputs = Object.fromEntries(form.outputs.map((name) => [name, read(name)]));
  const finished = composed.finish({ ...outputs, [ROUNDING]: regulariser });
  const parameters = weights.map(({ name, variable }) => ({
    ...({ name: variableName(name), role: 'bias', initial: variable, isAdded: true } as const),
  }));
  return { ...finished, inputs: form.inputs, outputs: form.outputs, parameters, random };
}

function stretchedSigmoid(g: Emitter, variable: Value): Value {
  const { gamma, zeta } = STRETCH;
  const stretched = g.add(g.scale(g.op('Sigmoid', [variable]), zeta - gamma), g.constant(gamma));
  return g.op('Clip', [stretched, g.constant(0), g.constant(1)]);
}

const sumOf = (g: Emitter, value: Value): Value =>
  g.sum(
    value,
    g.shape(value).map((_, axis) => axis),
  );

/** 1 where there are two neighbours. */
const between = (gap: Tensor): Tensor =>
  Tensor.of(
    'float32',
    gap.dims,
    gap.toFloat32().map((width) => (width === 0 ? 0 : 1)),
  );
