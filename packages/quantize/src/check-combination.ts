import { GossamerError } from '@gossamer/graph';
import { EQUALIZE_NEEDS_DATA } from './equalize/equalize.js';
import { badOption, type QuantizeErrorCode } from './errors.js';
import type { ResolvedOptions } from './resolved-options.js';

const BLOCK_SIZES: readonly number[] = [16, 32, 64, 128, 256];

/** Throws ERR_QUANTIZE_OPTION or ERR_CALIBRATION_DATA for numbers out of range, and for options that do not go together. */
export function checkCombination(o: ResolvedOptions): void {
  const { mode, weights } = o;
  if (o.edgeBits !== 4 && o.edgeBits !== 8) badOption('edgeBits', '4 or 8', o.edgeBits);
  if (!BLOCK_SIZES.includes(o.blockSize)) badOption('blockSize', '16, 32, 64, 128 or 256', o.blockSize);
  if (![0, 1, 2, 3, 4].includes(o.accuracyLevel)) badOption('accuracyLevel', 'an integer in 0..4', o.accuracyLevel);
  if (!(o.percentile > 50 && o.percentile <= 100)) badOption('percentile', 'a number in (50, 100]', o.percentile);
  if (!(Number.isInteger(o.samples) && o.samples > 0)) badOption('samples', 'an integer > 0', o.samples);
  if (!Number.isFinite(o.targetSqnr)) badOption('targetSqnr', 'a finite number of dB', o.targetSqnr);
  if (weights === 'int8' && o.mapping === 'asymmetric') badOption('mapping', "'symmetric' for int8 weights", o.mapping);
  if (mode === 'static' && weights === 'int4' && o.mapping === 'asymmetric')
    badOption('mapping', "'symmetric' for int4 weights", o.mapping);
  if (o.accuracy && mode !== 'static') badOption('accuracy', 'none but in static mode', mode);
  if (o.accuracy && !(o.accuracy.maxDrop >= 0)) badOption('accuracy.maxDrop', 'a number >= 0', o.accuracy.maxDrop);
  if (mode === 'static') checkStatic(o);
  else if (o.reduceRange === 'auto')
    badOption('reduceRange', `true or false in ${mode} mode, which calibrates nothing`, 'auto');
  if (o.integerOnly) checkIntegerOnly(o);
  checkEqualize(o);
  if (o.preserve === 'zeros' && o.equalize.includes('rotate'))
    badOption('preserve', "'auto' or 'none' with equalize rotate, which mixes weights", o.preserve);
  if (o.biasCorrection) checkBiasCorrection(o);
  if (![true, false, 'mse', 'octav'].includes(o.clip)) badOption('clip', "true, false, 'mse' or 'octav'", o.clip);
  if (o.clip === 'octav' && mode !== 'weight-only') badOption('clip', `true or false in ${mode} mode`, o.clip);
}

function checkIntegerOnly(o: ResolvedOptions): void {
  if (o.mode !== 'static') badOption('mode', "'static' with integerOnly", o.mode);
  if (o.format !== 'qoperator') badOption('format', "'qoperator' with integerOnly", o.format);
  if (o.keepFloat !== 'none') badOption('keepFloat', "'none' with integerOnly", o.keepFloat);
}

function checkStatic(o: ResolvedOptions): void {
  if (o.data) return;
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_CALIBRATION_DATA',
    'data: expected calibration data for static quantization, received none',
  );
}

function checkBiasCorrection({ mode, storage, reduceRange }: ResolvedOptions): void {
  if (mode === 'dynamic') badOption('biasCorrection', 'false in dynamic mode', true);
  // Which weights are rounded, and to how many bits, has to be known ahead.
  if (storage === 'float') badOption('storage', "'int8' with biasCorrection", storage);
  if (reduceRange === 'auto') badOption('reduceRange', 'true or false with biasCorrection', reduceRange);
}

function checkEqualize({ equalize, data, mode }: ResolvedOptions): void {
  if (mode !== 'weight-only' && equalize.includes('awq')) badOption('mode', "'weight-only' with equalize awq", mode);
  const needing = equalize.find((method) => EQUALIZE_NEEDS_DATA.has(method));
  if (data || !needing) return;
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_CALIBRATION_DATA',
    `data: expected calibration data for equalize ${needing}, received none`,
  );
}
