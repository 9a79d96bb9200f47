import { type BinaryCoder, codeRaw } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { CostCoder } from '../coders/cost-coder.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from '../coders/exp-golomb.js';
import { encodeError } from '../error-codes.js';
import { codeIntegersDirect } from './code-integers-direct.js';
import { codeIntegersLogistic, logisticWidth } from './code-integers-logistic.js';
import { codeIntegersMixed } from './code-integers-mixed.js';
import { layoutVariants, matrixLayout } from './matrix-layout.js';

/** Up to this many elements everything is tried; beyond, the direct model in the layout of the file. */
const TRY_ALL = 2 ** 20;
/** Bits of the zigzag code of a 32-bit integer. */
const WIDEST = 32;
/** Models of integers, by their number in a stream. */
const DIRECT = 0;
const MIXED = 1;
const LOGISTIC = 2;

/** How integers are coded; in front of them. */
interface Plan {
  readonly model: number;
  /** Each element less the one before it. */
  readonly isDelta: boolean;
  /** See `matrixLayout`. */
  readonly layout: number;
  /** Taken from every element (32 bits, wrapping), so that the most frequent one is 0. */
  readonly centre: number;
  /** Bits of the largest zigzag code; of the mixed model the largest magnitude. */
  readonly bits: number;
  readonly max: number;
  /** Of the logistic model. */
  readonly width: number;
}

interface Centred {
  readonly values: Int32Array;
  readonly centre: number;
  readonly bits: number;
  readonly max: number;
}

/** How 32-bit integers of a tensor of `dims` are best coded: each plan that may pay is carried out, the shortest is taken; the first of equals. */
export function planIntegers(values: Int32Array, dims: readonly number[]): (coder: BinaryCoder) => void {
  const tries = plansFor(values, dims).map(({ centred, ...plan }) => (coder: BinaryCoder) => {
    codePlan(coder, values.length, dims, plan);
    codeCentred(coder, centred.values.slice(), dims, plan);
  });
  if (tries.length === 1) return tries[0]!;
  let best = tries[0]!;
  let least = Infinity;
  for (const attempt of tries) {
    const coder = new CostCoder();
    attempt(coder);
    if (coder.cost >= least) continue;
    best = attempt;
    least = coder.cost;
  }
  return best;
}

/** Reads what a plan coded: as many integers as `dims` say. Any decisions give some integers, or ERR_GSM_FORMAT. */
export function readIntegers(coder: BinaryCoder, dims: readonly number[]): Int32Array {
  const count = dims.reduce((a, b) => a * b, 1);
  const plan = codePlan(coder, count, dims, {
    model: 0,
    isDelta: false,
    layout: 0,
    centre: 0,
    bits: 0,
    max: 0,
    width: 0,
  });
  const values = new Int32Array(count);
  codeCentred(coder, values, dims, plan);
  const { centre } = plan;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + centre;
  if (plan.isDelta) for (let i = 1; i < values.length; i++) values[i] = values[i]! + values[i - 1]!;
  return values;
}

function plansFor(values: Int32Array, dims: readonly number[]): (Plan & { centred: Centred })[] {
  const plain = centredBy(values);
  const plan = (model: number, layout: number, centred = plain, isDelta = false) => ({
    model,
    isDelta,
    layout,
    centre: centred.centre,
    bits: centred.bits,
    max: centred.max,
    width: 0,
    centred,
  });
  if (values.length > TRY_ALL) return [plan(DIRECT, 0)];
  const plans = layoutVariants(dims).flatMap((layout) => [plan(MIXED, layout), plan(DIRECT, layout)]);
  if (isRising(values)) plans.push(plan(MIXED, 0, centredBy(differences(values)), true));
  const middle = centredBy(values, mean(values));
  plans.push({ ...plan(LOGISTIC, 0, middle), width: logisticWidth(middle.values) });
  return plans;
}

function codePlan(coder: BinaryCoder, count: number, dims: readonly number[], wanted: Plan): Plan {
  const model = codeRaw(coder, 2, wanted.model);
  const isDelta = model === MIXED && codeRaw(coder, 1, wanted.isDelta ? 1 : 0) === 1;
  const layoutBits = isDelta || model === LOGISTIC ? 0 : Math.log2(layoutVariants(dims).length);
  const layout = codeRaw(coder, layoutBits, wanted.layout);
  const models = new BitModels(2 * EXP_GOLOMB_CONTEXTS);
  const folded = wanted.centre >= 0 ? 2 * wanted.centre : -2 * wanted.centre - 1;
  const centre = codeExpGolomb(coder, models, 0, folded);
  const max = model === MIXED ? codeExpGolomb(coder, models, EXP_GOLOMB_CONTEXTS, wanted.max) : 0;
  const bits = model === MIXED ? 0 : codeRaw(coder, 6, wanted.bits);
  const width = model === LOGISTIC ? codeRaw(coder, 6, wanted.width) : 0;
  if (model === MIXED && count > TRY_ALL)
    throw encodeError('ERR_GSM_FORMAT', `integers: expected at most ${TRY_ALL} mixed, received ${count}`);
  if (bits > WIDEST) throw encodeError('ERR_GSM_FORMAT', `integers: expected at most 32 bits, received ${bits}`);
  if (max > 2 ** 31) throw encodeError('ERR_GSM_FORMAT', `integers: expected magnitudes of 32 bits, received ${max}`);
  if (model > LOGISTIC) throw encodeError('ERR_GSM_FORMAT', `integers: expected a model below 3, received ${model}`);
  return { model, isDelta, layout, centre: centre % 2 === 0 ? centre / 2 : -(centre + 1) / 2, bits, max, width };
}

function codeCentred(coder: BinaryCoder, values: Int32Array, dims: readonly number[], plan: Plan): void {
  if (values.length === 0) return;
  // Differences have no rows: they are one.
  const layout = matrixLayout(plan.isDelta ? [values.length] : dims, plan.layout);
  if (plan.model === MIXED) codeIntegersMixed(coder, values, layout, plan.max);
  else if (plan.model === LOGISTIC) codeIntegersLogistic(coder, values, plan.bits, plan.width);
  else codeIntegersDirect(coder, values, layout, plan.bits);
}

function isRising(values: Int32Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false;
  return values.length > 2;
}

function differences(values: Int32Array): Int32Array {
  return values.map((value, i) => (i === 0 ? value : value - values[i - 1]!));
}

/** The values less `centre`, by default the most frequent one, and how large what is left is. */
function centredBy(values: Int32Array, centre = mostFrequent(values)): Centred {
  const centred = values.map((value) => value - centre);
  let widest = 0;
  let max = 0;
  for (const value of centred) {
    widest = Math.max(widest, value >= 0 ? 2 * value : -2 * value - 1);
    max = Math.max(max, Math.abs(value));
  }
  return { values: centred, centre, bits: 32 - Math.clz32(widest), max };
}

/** Rounded; 0 of none. */
function mean(values: Int32Array): number {
  return values.length === 0 ? 0 : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length) + 0;
}

/** Of equally frequent ones the least; 0 of none. */
function mostFrequent(values: Int32Array): number {
  const sorted = values.slice().sort();
  let [best, longest] = [0, 0];
  for (let first = 0; first < sorted.length;) {
    let end = first + 1;
    while (end < sorted.length && sorted[end] === sorted[first]) end++;
    if (end - first > longest) [best, longest] = [sorted[first]!, end - first];
    first = end;
  }
  return best;
}
