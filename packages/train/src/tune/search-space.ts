import { badOption } from '../require-option.js';

/** A number of equal density over [low, high], or of equal density of its logarithm. */
export interface FloatParameter {
  readonly kind: 'uniform' | 'log-uniform';
  readonly low: number;
  readonly high: number;
}

/** An integer of [low, high], each as likely. */
export interface IntParameter {
  readonly kind: 'int';
  readonly low: number;
  readonly high: number;
}

/** One of some values, each as likely. */
export interface ChoiceParameter {
  readonly kind: 'choice';
  readonly values: readonly ParameterValue[];
}

export type ParameterValue = number | string | boolean;
export type SearchParameter = FloatParameter | IntParameter | ChoiceParameter;

/** What is searched, by name. JSON. */
export type SearchSpace = Readonly<Record<string, SearchParameter>>;

/** A value for each parameter of a space. */
export type Configuration = Readonly<Record<string, ParameterValue>>;

/** Throws ERR_TRAIN_OPTIONS where a range is empty or not finite, or there is nothing to choose from. */
export function checkSpace(space: SearchSpace): void {
  if (Object.keys(space).length === 0) badOption('space', 'at least one parameter', 'none');
  for (const [name, parameter] of Object.entries(space)) checkParameter(`space.${name}`, parameter);
}

function checkParameter(name: string, parameter: SearchParameter): void {
  if (parameter.kind === 'choice') {
    if (parameter.values.length === 0) badOption(name, 'values to choose from', 'none');
    return;
  }
  const { kind, low, high } = parameter;
  if (!['uniform', 'log-uniform', 'int'].includes(kind)) badOption(name, 'uniform, log-uniform, int or choice', kind);
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    badOption(name, 'a finite range, low <= high', [low, high]);
  }
  if (kind === 'log-uniform' && low <= 0) badOption(name, 'a range above 0', [low, high]);
  if (kind === 'int' && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))) {
    badOption(name, 'integers', [low, high]);
  }
}

/** Where a parameter's density is flat: numbers as they are, logarithms, integers with half a unit around them. */
export interface FlatRange {
  readonly low: number;
  readonly high: number;
  flatten(value: number): number;
  /** The value at `x` in [low, high], within the parameter's own range. */
  valueAt(x: number): number;
}

export function flatRange(parameter: FloatParameter | IntParameter): FlatRange {
  const { kind, low, high } = parameter;
  const clamp = (value: number): number => Math.min(high, Math.max(low, value));
  switch (kind) {
    case 'uniform':
      return { low, high, flatten: (value) => value, valueAt: clamp };
    case 'log-uniform':
      return { low: Math.log(low), high: Math.log(high), flatten: Math.log, valueAt: (x) => clamp(Math.exp(x)) };
    case 'int':
      return { low: low - 0.5, high: high + 0.5, flatten: (value) => value, valueAt: (x) => clamp(Math.round(x)) };
  }
}

/** The value of a parameter at `share`, uniform in [0, 1). */
export function valueAtShare(parameter: SearchParameter, share: number): ParameterValue {
  if (parameter.kind === 'choice') return parameter.values[Math.floor(share * parameter.values.length)]!;
  const range = flatRange(parameter);
  return range.valueAt(range.low + share * (range.high - range.low));
}
