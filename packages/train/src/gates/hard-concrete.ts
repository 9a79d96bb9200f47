import type { Tensor, Value } from '@gossamer/graph';
import { broadcastsTo } from '../emit/broadcasts-to.js';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import { randomInput } from '../form/random-input.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';
import type { Loss } from '../losses/loss.js';
import { badOption } from '../require-option.js';

/** Temperature and the interval that the concrete distribution is stretched to. Source: Louizos et al., section 4.1. */
const BETA = 2 / 3;
const GAMMA = -0.1;
const ZETA = 1.1;
/** Keeps the logs of a random number and of 1 minus it finite in float32. */
const EDGE = 1e-6;

/** A value that gates multiply. */
export interface GateSpec {
  /** Name of a parameter or of any other float value of the form. */
  readonly value: string;
  /** log alpha of each gate as it begins, broadcast to the value: log(p / (1 - p)) for a share p that is open. */
  readonly logAlpha: Tensor;
}

/** Name of the parameter that holds the gates' log alpha. */
export const gateName = (value: string): string => `gate/${value}`;

/**
 * A form in which some values are multiplied by hard-concrete gates z in [0, 1], many of them exactly 0 or 1. In training z = clip(s (zeta - gamma) +
 * gamma, 0, 1) with s = sigmoid((log u - log(1 - u) + log alpha) / beta) and u random; `isTraining` false: without noise, as for evaluation.
 *
 * Source: Louizos, Welling, Kingma, "Learning Sparse Neural Networks through L0 Regularization", ICLR 2018 (arXiv:1712.01312), equations 10 to 13.
 * Throws ERR_TRAIN_OPTIONS for a value the form has not, or that its gates do not broadcast to.
 */
export function insertGates(form: TrainingForm, specs: readonly GateSpec[], isTraining = true): TrainingForm {
  const byName = new Map(specs.map((spec) => [spec.value, spec]));
  const added: Parameter[] = [];
  const met = new Set<string>();
  const random = [...form.random];
  const { g, made } = copyGraph(
    form.model,
    () => undefined,
    (emitter, value) => {
      const spec = byName.get(value.name);
      if (!spec) return value;
      met.add(spec.value);
      const name = gateName(spec.value);
      const { dims } = spec.logAlpha;
      if (emitter.dtype(value) !== 'float32' || !broadcastsTo(dims, emitter.shape(value))) {
        const own = `${emitter.dtype(value)} [${emitter.shape(value).join()}]`;
        badOption(`gates of ${spec.value}`, `float32 that broadcast to ${own}`, [...dims]);
      }
      const logAlpha = emitter.input(name, 'float32', dims);
      added.push({ name, role: 'bias', initial: spec.logAlpha, isAdded: true });
      emitter.scope = `${name}/`;
      let noise: Value | undefined;
      if (isTraining) {
        noise = randomInput(emitter, name, dims);
        random.push({ name: noise.name, shape: dims });
      }
      return emitter.mul(value, hardConcrete(emitter, logAlpha, noise));
    },
  );
  const missing = specs.find(({ value }) => !met.has(value));
  if (missing) badOption('gates', 'an input or a result of the training form', missing.value);
  for (const output of form.model.graph.outputs) g.output(made.get(output)!, output.name);
  return { ...form, model: g.model, random, parameters: [...form.parameters, ...added] };
}

/** Gates of `logAlpha`, with uniform `noise` of its shape, or without. */
export function hardConcrete(g: Emitter, logAlpha: Value, noise: Value | undefined): Value {
  const open = noise
    ? g.op('Sigmoid', [g.scale(g.add(logit(g, noise), logAlpha), 1 / BETA)])
    : g.op('Sigmoid', [logAlpha]);
  const stretched = g.add(g.scale(open, ZETA - GAMMA), g.constant(GAMMA));
  return g.op('Clip', [stretched, g.constant(0), g.constant(1)]);
}

function logit(g: Emitter, u: Value): Value {
  const inside = g.op('Clip', [u, g.constant(EDGE), g.constant(1 - EDGE)]);
  return g.sub(g.op('Log', [inside]), g.op('Log', [g.sub(g.constant(1), inside)]));
}

/** The expected number of gates that are not 0: the sum of sigmoid(log alpha - beta log(-gamma / zeta)) over the gates of `values`. */
export function expectedGates(values: readonly string[]): Loss {
  return {
    name: 'expected-gates',
    build({ g, value }) {
      if (values.length === 0) badOption('expectedGates', 'names of values with gates', values);
      const shift = g.constant(-BETA * Math.log(-GAMMA / ZETA));
      const counts = values.map((name) => {
        const open = g.op('Sigmoid', [g.add(value(gateName(name)), shift)]);
        return g.sum(
          open,
          g.shape(open).map((_, axis) => axis),
        );
      });
      return counts.reduce((a, b) => g.add(a, b));
    },
  };
}

/** What gates are in evaluation: clip(sigmoid(log alpha) (zeta - gamma) + gamma, 0, 1). */
export function openGates(logAlpha: Float32Array): Float32Array {
  return logAlpha.map((value) => Math.min(1, Math.max(0, (ZETA - GAMMA) / (1 + Math.exp(-value)) + GAMMA)));
}
