import type { Model, WeightView } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import { EQUALIZE_METHODS, type EqualizeMethod } from '../choices.js';
import type { RoundWeight } from '../grid/round-weight.js';
import { absorbHighBiases } from './absorb-bias.js';
import { activationAware } from './activation-aware.js';
import { equalizeCrossLayer } from './cross-layer.js';
import type { EqualizeNote, EqualizeResult } from './note.js';
import { rotateResidual } from './rotate-residual.js';
import { smoothQuant } from './smooth-quant.js';

/** Those that look at activations. */
export const EQUALIZE_NEEDS_DATA: ReadonlySet<EqualizeMethod> = new Set(['absorb-bias', 'smooth', 'awq']);

/** A note with the transformation that it is of. */
export interface MethodNote extends EqualizeNote {
  readonly method: EqualizeMethod;
}

export interface EqualizeOptions {
  /** Needed by 'absorb-bias', 'smooth' and 'awq'. */
  readonly data?: DataSource | undefined;
  /** How weights will be rounded, for 'awq'. */
  readonly round: (view: WeightView) => RoundWeight | undefined;
  readonly samples: number;
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Applies transformations that keep the model's function, each to the result of the one before, whatever the order of `methods`. */
export async function equalize(
  model: Model,
  methods: readonly EqualizeMethod[],
  options: EqualizeOptions,
): Promise<{ model: Model; report: MethodNote[] }> {
  const report: MethodNote[] = [];
  let made = model;
  for (const method of EQUALIZE_METHODS) {
    if (!methods.includes(method)) continue;
    options.signal?.throwIfAborted();
    const result = await apply(method, made, options);
    made = result.model;
    report.push(...result.report.map((note) => ({ method, ...note })));
  }
  return { model: made, report };
}

async function apply(method: EqualizeMethod, model: Model, options: EqualizeOptions): Promise<EqualizeResult> {
  if (method === 'rotate') return rotateResidual(model, { seed: options.seed });
  if (method === 'cross-layer') return equalizeCrossLayer(model);
  const { data, samples, threads, signal, round } = options;
  const observe = { data: data!, samples, threads, signal };
  if (method === 'awq') return activationAware(model, { ...observe, round });
  return method === 'smooth' ? smoothQuant(model, observe) : absorbHighBiases(model, observe);
}
