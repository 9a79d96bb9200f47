import { readFileSync } from 'node:fs';
import type { DataSource, LayerRule, QuantizeOptions } from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext } from '../command-context.js';
import { accuracyGoal } from './accuracy-goal.js';

type Flags = Readonly<Record<string, unknown>>;

/** The options of `quantize` that the flags ask for; what is not given is left out. */
export async function quantizeOptions(
  flags: Flags,
  data: DataSource | undefined,
  context: CommandContext,
): Promise<QuantizeOptions> {
  const algorithm = flags['algorithm'] as string | undefined;
  const reduceRange = oneOf(flags, 'reduceRange', ['auto', 'on', 'off']);
  const chosen: Record<string, unknown> = {
    calibrator: flags['calibrate'],
    blockSize: flags['blockSize'],
    samples: flags['samples'],
    data,
    algorithm: algorithm?.replace(/^rtn(-clip)?$/, 'nearest'),
    clip: algorithm === 'rtn-clip' ? true : flags['clip'],
    layers: flags['layers'] === undefined ? undefined : readLayers(flags['layers'] as string),
    accuracy: await accuracyGoal(flags, context),
    reduceRange: reduceRange === undefined || reduceRange === 'auto' ? reduceRange : reduceRange === 'on',
  };
  for (const name of PASSED_ON) chosen[name] = flags[name];
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const { seed, threads, run: folder } = context.options;
  return {
    ...(given as QuantizeOptions),
    ...(folder === undefined ? {} : { folder }),
    seed,
    ...(threads === undefined ? {} : { threads }),
    signal: context.signal,
    onProgress: context.onProgress,
  };
}

/** Rules of single layers from a JSON file. */
function readLayers(path: string): LayerRule[] {
  const expected = 'a JSON list of {"match", "weights", "granularity", "blockSize"}';
  let rules: unknown;
  try {
    rules = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new GossamerError('ERR_OPTION', `--layers: expected ${expected}, received ${(cause as Error).message}`, {
      cause,
    });
  }
  const isRule = (rule: unknown) => typeof rule === 'object' && typeof (rule as LayerRule | null)?.match === 'string';
  if (Array.isArray(rules) && rules.every(isRule)) return rules as LayerRule[];
  throw new GossamerError('ERR_OPTION', `--layers: expected ${expected}, received something else in ${path}`);
}

/** Flags whose name and meaning are those of the SDK option. */
const PASSED_ON = [
  'mode',
  'target',
  'preset',
  'weights',
  'activations',
  'bits',
  'granularity',
  'mapping',
  'percentile',
  'format',
  'integerOnly',
  'blockFormat',
  'accuracyLevel',
  'equalize',
  'biasCorrection',
  'keepFloat',
  'targetSqnr',
  'storage',
  'edgeBits',
  'costModel',
  'include',
  'exclude',
  'optimize',
  'requantize',
  'preserve',
] as const;

const flagName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function oneOf(flags: Flags, name: string, choices: readonly string[]): string | undefined {
  const value = flags[name] as string | undefined;
  if (value === undefined || choices.includes(value)) return value;
  throw new GossamerError('ERR_OPTION', `--${flagName(name)}: expected ${choices.join(' or ')}, received ${value}`);
}
