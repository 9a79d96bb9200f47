import { fromWeightMatrix, type Model, Tensor, type WeightView } from '@gossamer/graph';
import { solveLayers } from '../algorithms/solve-layers.js';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import type { SolvedWeight } from '../algorithms/solved-weight.js';
import type { WeightGrid } from '../grid/weight-grid.js';
import { solveUnits } from '../reconstruct/solve-units.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { codeRange } from '../weights/quantize-channels.js';
import type { Unit } from './unit.js';
import { type UnitForm, unitForm } from './unit-form.js';
import { alphaOf, type UnitWeights } from './unit-weights.js';

/** Weights of integer units whose codes an algorithm chose. */
export interface LearnedCodes {
  /** With the codes in place of the nearest ones; for units without, as given. */
  readonly weights: ReadonlyMap<Unit, UnitWeights>;
  /** Whose codes each unit has. */
  readonly notes: ReadonlyMap<Unit, string>;
  readonly warnings: readonly string[];
}

/**
 * Chooses the codes of `rounded`, the weights of units of `model` rounded to nearest, by `options.rounding`, on the grids that they have: scales stay, so that biases and kernels do not care.
 * Activations are float meanwhile. A weight that several nodes read, and one where the algorithm does not beat rounding, keeps the nearest codes.
 */
export async function learnCodes(
  model: Model,
  rounded: ReadonlyMap<Unit, UnitWeights>,
  options: ResolvedOptions,
): Promise<LearnedCodes> {
  const algorithm = options.rounding!;
  const readers = new Map<unknown, number>();
  for (const { weight } of rounded.keys()) readers.set(weight!.source, (readers.get(weight!.source) ?? 0) + 1);
  const own = [...rounded].filter(([{ weight }]) => readers.get(weight!.source) === 1);
  const plans = own.map(([unit, weights]) => ({ unit, plan: planOf(unit, weights, unitForm(options, unit.node)) }));
  const { data, seed, preserve, threads, signal, onProgress } = options;
  const common = { data: data!, seed, preserve, threads, signal, onProgress };
  const given = plans.map(({ plan }) => plan);
  const { solved, warnings } =
    algorithm.needs === 'units'
      ? await solveUnits(model, given, { ...common, algorithm })
      : await solveLayers(model, given, { ...common, algorithm });
  const all = new Map(rounded);
  const notes = new Map<Unit, string>();
  for (const { unit, plan } of plans) {
    const found = solved.get(plan.view)!;
    const weights = rounded.get(unit)!;
    all.set(unit, { ...weights, weight: { ...weights.weight, codes: codesOf(plan.view, found, weights) } });
    notes.set(unit, `weights by ${found.algorithm}${found.reason === undefined ? '' : ` (${found.reason})`}`);
  }
  return { weights: all, notes, warnings };
}

/** The grid of a unit's codes; groups of a convolution have scales of their own, matrices of a batched product share them. */
function planOf(unit: Unit, { weight }: UnitWeights, form: UnitForm): WeightPlan {
  const { quantMin, quantMax } = codeRange(form);
  const alpha = alphaOf(unit);
  const scale = weight.scale.toFloat32().map((value) => value / alpha);
  const zeroPoint = Float32Array.from(weight.zeroPoint.toIntegers(), Number);
  return {
    view: unit.weight!,
    fit: (_, rows, columns, __, group = 0): WeightGrid => {
      const first = scale.length > rows ? group * rows : 0;
      const pick = (values: Float32Array) =>
        Float32Array.from({ length: rows }, (_, row) => values[values.length === 1 ? 0 : first + row]!);
      const at = { scales: pick(scale), zeroPoints: pick(zeroPoint) };
      return { kind: 'affine', rows, columns, blockSize: columns, quantMin, quantMax, ...at };
    },
  };
}

function codesOf(view: WeightView, { matrices }: SolvedWeight, { weight }: UnitWeights): Tensor {
  const { dtype, dims, length } = weight.codes;
  const codes = dtype === 'int8' ? new Int8Array(length) : new Uint8Array(length);
  let at = 0;
  for (const { grid, codes: own } of matrices) {
    const lowest = grid.kind === 'affine' ? grid.quantMin : 0;
    own.forEach((code, i) => (codes[at + i] = code + lowest));
    at += own.length;
  }
  return Tensor.of(dtype, dims, fromWeightMatrix(view, codes));
}
