import {
  type TunedTrial,
  tuneTraining,
  type TuneTrainingOptions,
  type TuneTrainingResult,
  type WorkOptions,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import { readFile } from 'node:fs/promises';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatTable } from '../console-text.js';
import { openSource } from './open-source.js';
import { given, trainingFlags } from './train.js';

type Flags = Readonly<Record<string, unknown>>;
type Space = TuneTrainingOptions['space'];

/** gossamer tune MODEL|--arch A --data D --space FILE.json */
export async function tuneOptions(
  model: string | undefined,
  flags: Flags,
  context: CommandContext,
): Promise<CommandResult> {
  const arch = flags['arch'] as string | undefined;
  if ((model === undefined) === (arch === undefined)) {
    const received = model === undefined ? 'none' : 'both';
    throw new GossamerError('ERR_OPTION', `tune: expected a model or --arch, received ${received}`);
  }
  const path = flags['space'] as string;
  const space = await readSpace(path);
  const data = await openSource(flags['data'] as string, flags, context);
  const work: WorkOptions = { signal: context.signal, onProgress: context.onProgress };
  const result = await tuneTraining(arch === undefined ? model! : { arch }, {
    ...trainingFlags(flags, context),
    ...given(flags, { search: 'search', trials: 'trials', folds: 'folds' }),
    ...work,
    space,
    data,
  });
  return {
    json: { status: 'done', ...result },
    text: describe(result),
    inputs: model === undefined ? [path] : [model, path],
  };
}

async function readSpace(path: string): Promise<Space> {
  const text = await readFile(path, 'utf8');
  const space = parse(path, text);
  const isSpace =
    typeof space === 'object' &&
    space !== null &&
    Object.values(space).every((parameter) => typeof parameter === 'object' && parameter !== null);
  if (isSpace) return space as Space;
  throw new GossamerError('ERR_OPTION', `${path}: expected ranges and choices by name, received ${text.slice(0, 80)}`);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GossamerError('ERR_OPTION', `${path}: expected JSON, received ${(cause as Error).message}`, { cause });
  }
}

function describe({ trials, best, metric, better }: TuneTrainingResult): string {
  const names = Object.keys(trials[0]!.configuration);
  const number = (value: number): string => String(Number(value.toPrecision(5)));
  const cell = ({ configuration }: TunedTrial, name: string): string => {
    const value = configuration[name]!;
    return typeof value === 'number' ? number(value) : String(value);
  };
  const rows = trials.map((trial) => [
    String(trial.id + 1),
    ...names.map((name) => cell(trial, name)),
    String(trial.epochs),
    trial.value === null ? 'diverged' : number(trial.value),
  ]);
  const found = best ? `trial ${best.id + 1}: ${metric} ${number(best.value!)}` : 'every trial diverged';
  const options = best ? names.map((name) => ` --${flagOf(name)} ${String(best.configuration[name])}`).join('') : '';
  return [
    formatTable(['trial', ...names, 'epochs', `${metric}, held out (${better} is better)`], rows),
    `${found}${options}`,
  ].join('\n');
}

/** learningRate as the command line spells it. */
const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
