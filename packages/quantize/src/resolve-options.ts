import {
  EQUALIZE_METHODS,
  type EqualizeMethod,
  type Mapping,
  type QuantizeMode,
  type Target,
  TARGETS,
  type WeightDtype,
} from './choices.js';
import { GossamerError } from '@gossamer/graph';
import { type CalibratorName, CALIBRATORS } from '@gossamer/runtime';
import { findAnyAlgorithm } from './algorithms/registry.js';

import { checkCombination } from './check-combination.js';
import { badOption, type QuantizeErrorCode } from './errors.js';

import type { Combination } from './legality/nearest-legal.js';
import { requireLegal } from './legality/require-legal.js';
import { targetDefaults } from './legality/target-defaults.js';
import { limitSamples } from './limit-samples.js';
import { schemeOptions } from './schemes/scheme-options.js';
import { checkStaticRules } from './static/unit-form.js';
import type { QuantizeOptions } from './options.js';
import { PRESERVE, type Preserve } from './preserve.js';
import { PLAIN_WEIGHTS, type ResolvedOptions } from './resolved-options.js';

const PRESETS: Readonly<Record<string, QuantizeOptions>> = {
  q8: { mode: 'dynamic', weights: 'int8' },
  int8: { mode: 'dynamic', weights: 'int8' },
  uint8: { mode: 'dynamic', weights: 'uint8' },
  q4: { mode: 'weight-only', bits: 4, blockSize: 32 },
  bnb4: { mode: 'weight-only', weights: 'nf4', blockSize: 64 },
};

const ACTIVATIONS = ['uint8', 'int8', 'uint16', 'int16'] as const;
const MODES = ['static', 'dynamic', 'weight-only'] as const;

/** Fills in defaults; throws ERR_QUANTIZE_OPTION, ERR_PRESET or ERR_CALIBRATION_DATA. */
export function resolveOptions(given: QuantizeOptions): ResolvedOptions {
  const chosen: QuantizeOptions = { ...preset(given.preset), ...withoutUndefined(given) };
  const target = oneOf('target', chosen.target ?? 'onnxruntime', TARGETS);
  const options: QuantizeOptions = { ...targetDefaults(target, chosen), ...chosen, target };
  const mode = oneOf('mode', options.mode ?? (options.data ? 'static' : 'dynamic'), MODES);
  checkBits(options);
  const common = combinationOf(options, mode);
  requireLegal(common, target);
  requireLegalRules(options, common, target);
  if (mode === 'weight-only' && options.weights === 'float16') return float16Options(options);
  const schemes = mode === 'weight-only' ? schemeOptions(options) : undefined;
  const rounding = mode === 'static' ? staticRounding(options) : undefined;
  if (mode === 'static') checkStaticRules(options.layers ?? []);
  else if (!schemes) refuseSchemes(options, mode);
  return {
    ...resolvePlain(schemes ? plainPart(options) : options, mode),
    ...(schemes ? { schemes } : {}),
    ...(rounding ? { rounding } : {}),
  };
}

/** Weights that are stored as floats: nothing is chosen but which. */
function float16Options(options: QuantizeOptions): ResolvedOptions {
  refuseSchemes(options, 'float16');
  if (options.biasCorrection) badOption('biasCorrection', 'false for float16 weights', true);
  return { ...resolvePlain(plainPart(options), 'weight-only'), isFloat16: true };
}

/** The choices that have to go together, as they stand or by default. */
function combinationOf(options: QuantizeOptions, mode: QuantizeMode): Combination {
  const { activations, blockFormat, bits = 8, format, granularity, integerOnly, mapping } = options;
  if (mode !== 'static' && activations !== undefined) badOption('activations', `none in ${mode} mode`, activations);
  const forms = {
    static: format ?? (integerOnly ? 'qoperator' : 'qdq'),
    dynamic: 'integer',
    'weight-only': blockFormat ?? 'matmulnbits',
  };
  return {
    mode,
    weights: options.weights ?? defaultWeights(bits, mode, mapping),
    activations: mode === 'static' ? (activations ?? 'uint8') : 'float32',
    granularity: granularity ?? (mode === 'weight-only' ? 'perBlock' : 'perAxis'),
    form: forms[mode],
  };
}

/** Every rule with what it leaves open taken from the others' combination. */
function requireLegalRules({ layers = [] }: QuantizeOptions, common: Combination, target: Target): void {
  layers.forEach(({ weights = common.weights, granularity = common.granularity }, i) => {
    if (weights !== 'float32') requireLegal({ ...common, weights, granularity }, target, `layers[${i}].`);
  });
}

function checkBits({ bits, weights }: QuantizeOptions): void {
  if (bits === undefined) return;
  if (![4, 8].includes(bits)) badOption('bits', '4 or 8', bits);
  if (weights !== undefined && !weights.endsWith(`int${bits}`)) badOption('bits', `the bits of ${weights}`, bits);
}

/** Algorithms that choose codes on a grid that is given. */
const ROUNDINGS: readonly string[] = ['adaround', 'brecq', 'qdrop'];

function staticRounding({ algorithm = 'nearest', keepFloat = 'none', accuracy, reduceRange }: QuantizeOptions) {
  if (algorithm === 'nearest') return undefined;
  const name = oneOf('algorithm', algorithm, ['nearest', ...ROUNDINGS]);
  if (keepFloat !== 'none' || accuracy) badOption('algorithm', "'nearest' with keepFloat or accuracy", name);
  if (reduceRange === 'auto') badOption('algorithm', "'nearest' with reduceRange 'auto'", name);
  return findAnyAlgorithm(name);
}

/** What schemes do not decide. */
function plainPart(options: QuantizeOptions): QuantizeOptions {
  const {
    weights: _,
    bits: __,
    granularity: ___,
    blockSize: ____,
    edgeBits: _____,
    mapping: ______,
    ...rest
  } = options;
  return rest;
}

/** Algorithms and rules of layers are of weight-only mode, rules of static mode too. */
function refuseSchemes({ algorithm = 'nearest', layers = [] }: QuantizeOptions, mode: string): void {
  if (algorithm !== 'nearest') badOption('algorithm', `'nearest' in ${mode} mode`, algorithm);
  if (layers.length > 0) badOption('layers', `none in ${mode} mode`, layers);
}

function resolvePlain(options: QuantizeOptions, mode: QuantizeMode): ResolvedOptions {
  const bits = options.bits ?? (options.weights?.endsWith('4') ? 4 : 8);
  const weights = oneOf('weights', options.weights ?? defaultWeights(bits, mode, options.mapping), PLAIN_WEIGHTS);
  const isUnsigned = weights.startsWith('u');
  const resolved: ResolvedOptions = {
    mode,
    target: options.target ?? 'onnxruntime',
    weights,
    bits,
    activations: oneOf('activations', options.activations ?? 'uint8', ACTIVATIONS),
    edgeBits: options.edgeBits ?? 8,
    granularity: options.granularity ?? (mode === 'weight-only' ? 'perBlock' : 'perAxis'),
    blockSize: options.blockSize ?? 32,
    mapping: oneOf('mapping', options.mapping ?? (isUnsigned ? 'asymmetric' : 'symmetric'), [
      'symmetric',
      'asymmetric',
    ]),
    calibrator: oneOf('calibrator', options.calibrator ?? 'minmax', Object.keys(CALIBRATORS) as CalibratorName[]),
    percentile: options.percentile ?? 99.99,
    samples: options.samples ?? 128,
    format: oneOf('format', options.format ?? (options.integerOnly ? 'qoperator' : 'qdq'), ['qdq', 'qoperator']),
    integerOnly: options.integerOnly ?? false,
    blockFormat: oneOf('blockFormat', options.blockFormat ?? 'matmulnbits', ['matmulnbits', 'dequantize-linear']),
    accuracyLevel: options.accuracyLevel ?? 4,
    reduceRange: options.reduceRange ?? false,
    clip: options.clip ?? false,
    equalize: equalizeMethods(options.equalize),
    biasCorrection: options.biasCorrection ?? false,
    layers: options.layers ?? [],
    include: options.include ?? [],
    exclude: options.exclude ?? [],
    keepFloat: oneOf('keepFloat', options.keepFloat ?? 'none', ['none', 'auto']),
    targetSqnr: options.targetSqnr ?? 20,
    storage: oneOf('storage', options.storage ?? 'int8', ['int8', 'float']),
    costModel: options.costModel ?? true,
    optimize: options.optimize ?? true,
    preserve: oneOf('preserve', options.preserve ?? defaultPreserve(options), PRESERVE),
    requantize: options.requantize ?? false,
    seed: options.seed ?? 0,
    ...(options.data ? { data: limitSamples(options.data, options.samples ?? 128) } : {}),
    ...(options.accuracy ? { accuracy: options.accuracy } : {}),
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  };
  checkCombination(resolved);
  return resolved;
}

function preset(name: string | undefined): QuantizeOptions {
  if (name === undefined) return {};
  const found = PRESETS[name];
  if (found) return found;
  const hint =
    name === 'fp16' || name === 'q4f16' ? `${name} (16-bit floats are a conversion: use the fp16 conversion)` : name;
  throw new GossamerError<QuantizeErrorCode>(
    'ERR_PRESET',
    `preset: expected ${Object.keys(PRESETS).join(', ')}, received ${hint}`,
  );
}

/** Integer kernels run fastest on signed weights; blocks of 4 bits lose less with a zero point. */
function defaultWeights(bits: 4 | 8, mode: QuantizeMode, mapping: Mapping | undefined): WeightDtype {
  if (bits === 4 && mode === 'weight-only') return mapping === 'symmetric' ? 'int4' : 'uint4';
  if (bits === 4) return mapping === 'asymmetric' ? 'uint4' : 'int4';
  return mapping === 'asymmetric' ? 'uint8' : 'int8';
}

function equalizeMethods(given: QuantizeOptions['equalize']): readonly EqualizeMethod[] {
  const methods = given === undefined || given === 'none' ? [] : typeof given === 'string' ? [given] : given;
  return methods.map((method) => oneOf('equalize', method, EQUALIZE_METHODS));
}

/** A rotation mixes weights: none stays 0. */
const defaultPreserve = ({ equalize }: QuantizeOptions): Preserve =>
  equalizeMethods(equalize).includes('rotate') ? 'none' : 'auto';

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  return badOption(name, choices.join(', '), value);
}

function withoutUndefined(options: QuantizeOptions): QuantizeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as QuantizeOptions;
}
