import { roundHalfEven } from '@gossamer/graph';
import { activationMax, type ActivationGrid, type Grids, type WeightGrid, weightLimits } from './grids.js';
import { type ActivationRule, clipRatio, LEAST_CLIP, scalePower, zeroShift } from './insert-grids.js';
import { movedGrid } from './moving-ranges.js';

/** What training added, by name. */
type Added = ReadonlyMap<string, Float32Array>;

/** `grids` as training left them. */
export function learnedGrids(grids: Grids, added: Added, rule: ActivationRule): Grids {
  const powerOf = (value: string, i: number) => Math.fround(Math.exp(added.get(scalePower(value))![i]!));
  return {
    ...grids,
    activations: grids.activations.map((grid) => learnedActivation(grid, added, rule)),
    weights: grids.weights.map((grid) => ({
      ...grid,
      scales: grid.scales.map((scale, i) => scale * powerOf(grid.value, i)),
    })),
  };
}

function learnedActivation(grid: ActivationGrid, added: Added, rule: ActivationRule): ActivationGrid {
  const { value, bits, maxScale = Infinity } = grid;
  if (rule === 'fixed') return grid;
  if (rule === 'ema') return movedGrid(grid, added);
  if (rule === 'pact') {
    const ratio = Math.max(LEAST_CLIP, added.get(clipRatio(value))![0]!);
    return { ...grid, scale: Math.fround(Math.min(maxScale, grid.scale * ratio)) };
  }
  const quantMax = activationMax(bits);
  const power = Math.fround(Math.exp(added.get(scalePower(value))![0]!));
  const shift = added.get(zeroShift(value))?.[0] ?? 0;
  const place = roundHalfEven(Math.fround(grid.zeroPoint + Math.fround(shift * quantMax)));
  return {
    ...grid,
    scale: Math.fround(Math.min(maxScale, grid.scale * power)),
    zeroPoint: Math.min(quantMax, Math.max(0, place)) + 0,
  };
}

/** The same ranges in other codes: of the bits that each grid aims at, and at least `least`. */
export function rescaledGrids(grids: Grids, target: Grids, least: number): Grids {
  const bitsOf = (list: readonly { readonly bits: number }[], i: number) => Math.max(list[i]!.bits, least);
  return {
    ...grids,
    activations: grids.activations.map((grid, i) => rescaledActivation(grid, bitsOf(target.activations, i))),
    weights: grids.weights.map((grid, i) => rescaledWeight(grid, bitsOf(target.weights, i))),
  };
}

function rescaledActivation(grid: ActivationGrid, bits: number): ActivationGrid {
  const ratio = activationMax(grid.bits) / activationMax(bits);
  const { maxScale } = grid;
  return {
    ...grid,
    ...{ bits, scale: Math.fround(grid.scale * ratio), zeroPoint: roundHalfEven(grid.zeroPoint / ratio) + 0 },
    ...(maxScale === undefined ? {} : { maxScale: maxScale * ratio }),
  };
}

function rescaledWeight(grid: WeightGrid, bits: number): WeightGrid {
  const ratio = weightLimits(grid.bits).quantMin / weightLimits(bits).quantMin;
  return { ...grid, bits, scales: grid.scales.map((scale) => scale * ratio) };
}
