import { type BinaryCoder, codeRaw } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from '../coders/exp-golomb.js';
import { checkSymbols } from '../coders/check-symbols.js';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { encodeError } from '../error-codes.js';
import { codeIntegersDirect } from './code-integers-direct.js';
import { codeIntegersMixed } from './code-integers-mixed.js';
import { layoutVariants, matrixLayout } from './matrix-layout.js';

/** Up to this many elements everything is tried; beyond, the direct model in the layout of the file. */
const TRY_ALL = 2 ** 20;
/** Bits of the zigzag code of a 32-bit integer. */
const WIDEST = 32;

/** How a stream is coded; in front of it. */
interface Plan {
  readonly isMixed: boolean;
  /** Each element less the one before it. */
  readonly isDelta: boolean;
  /** See `matrixLayout`. */
  readonly layout: number;
  /** Taken from every element (32 bits, wrapping), so that the most frequent one is 0. */
  readonly centre: number;
  /** Bits of the largest zigzag code. */
  readonly bits: number;
}

/** What a form puts in front of the integers, by the same coder. */
type Head = (coder: BinaryCoder) => void;

/** Codes 32-bit integers of a tensor of `dims`: each plan that may pay is carried out, the shortest result is taken. */
export function encodeIntegers(values: Int32Array, dims: readonly number[], head: Head = () => {}): Uint8Array {
  const plans = plansFor(values, dims);
  const plain = centredBy(values);
  const rising = plans.some(({ isDelta }) => isDelta) ? centredBy(differences(values)) : plain;
  const streams = plans.map(({ isMixed, layout, isDelta }) => {
    const { centred, centre, bits } = isDelta ? rising : plain;
    const encoder = new RangeEncoder();
    head(encoder);
    const plan = codePlan(encoder, values.length, { isMixed, isDelta, layout, centre, bits });
    codeCentred(encoder, centred.slice(), dims, plan);
    return encoder.finish();
  });
  return streams.reduce((best, stream) => (stream.length < best.length ? stream : best));
}

/** The inverse of `encodeIntegers`: as many as `dims` say. Any bytes give some integers, or ERR_GSM_FORMAT. */
export function decodeIntegers(bytes: Uint8Array, dims: readonly number[], head: Head = () => {}): Int32Array {
  const count = dims.reduce((a, b) => a * b, 1);
  checkSymbols(count, bytes.length);
  const values = new Int32Array(count);
  const decoder = new RangeDecoder(bytes);
  head(decoder);
  const plan = codePlan(decoder, count, { isMixed: false, isDelta: false, layout: 0, centre: 0, bits: 0 });
  codeCentred(decoder, values, dims, plan);
  const { centre } = plan;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + centre;
  if (plan.isDelta) for (let i = 1; i < values.length; i++) values[i] = values[i]! + values[i - 1]!;
  return values;
}

function plansFor(values: Int32Array, dims: readonly number[]): Pick<Plan, 'isMixed' | 'layout' | 'isDelta'>[] {
  if (values.length > TRY_ALL) return [{ isMixed: false, layout: 0, isDelta: false }];
  const plans = layoutVariants(dims).flatMap((layout) =>
    [true, false].map((isMixed) => ({ isMixed, layout, isDelta: false })),
  );
  return isRising(values) ? [...plans, { isMixed: true, layout: 0, isDelta: true }] : plans;
}

function codePlan(coder: BinaryCoder, count: number, wanted: Plan): Plan {
  const head = codeRaw(coder, 4, (wanted.isMixed ? 1 : 0) + (wanted.isDelta ? 2 : 0) + 4 * wanted.layout);
  const isMixed = (head & 1) === 1;
  const models = new BitModels(2 * EXP_GOLOMB_CONTEXTS);
  const folded = wanted.centre >= 0 ? 2 * wanted.centre : -2 * wanted.centre - 1;
  const centre = codeExpGolomb(coder, models, 0, folded);
  const bits = isMixed ? WIDEST : codeExpGolomb(coder, models, EXP_GOLOMB_CONTEXTS, wanted.bits);
  if (isMixed && count > TRY_ALL)
    throw encodeError('ERR_GSM_FORMAT', `integers: expected at most ${TRY_ALL} mixed, received ${count}`);
  if (bits > WIDEST) throw encodeError('ERR_GSM_FORMAT', `integers: expected at most 32 bits, received ${bits}`);
  return {
    isMixed,
    isDelta: (head & 2) === 2,
    layout: head >> 2,
    centre: centre % 2 === 0 ? centre / 2 : -(centre + 1) / 2,
    bits,
  };
}

function codeCentred(coder: BinaryCoder, values: Int32Array, dims: readonly number[], plan: Plan): void {
  // Differences have no rows: they are one.
  const layout = matrixLayout(plan.isDelta ? [values.length] : dims, plan.layout);
  if (plan.isMixed) codeIntegersMixed(coder, values, layout);
  else codeIntegersDirect(coder, values, layout, plan.bits);
}

function isRising(values: Int32Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false;
  return values.length > 2;
}

function differences(values: Int32Array): Int32Array {
  return values.map((value, i) => (i === 0 ? value : value - values[i - 1]!));
}

function widestBits(values: Int32Array): number {
  let widest = 0;
  for (const value of values) widest = Math.max(widest, value >= 0 ? 2 * value : -2 * value - 1);
  return 32 - Math.clz32(widest);
}

/** The values less the most frequent one, and the bits of what is left. */
function centredBy(values: Int32Array): { centred: Int32Array; centre: number; bits: number } {
  const centre = mostFrequent(values);
  const centred = values.map((value) => value - centre);
  return { centred, centre, bits: widestBits(centred) };
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
