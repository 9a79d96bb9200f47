import { badOption, requireInteger, requireName } from '../require-option.js';
import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { oneCycle } from './one-cycle.js';
import type { Schedule } from './schedule.js';
import { step } from './step.js';
import { warmUp } from './warm-up.js';

/** Every schedule that stands alone, by name; `warmUp` and `rewind` take another one. */
export const SCHEDULES = { constant, step, cosine, 'one-cycle': oneCycle } as const;

export type ScheduleName = keyof typeof SCHEDULES;

/** What a training says about its schedule. */
export interface ScheduleOptions {
  /** Default cosine. */
  readonly schedule?: ScheduleName;
  /** The highest rate. */
  readonly learningRate: number;
  /** Steps of the training, warm-up included. */
  readonly steps: number;
  /** Share of the steps, in [0, 1), that a linear warm-up takes, rounded to whole steps. Default 0. */
  readonly warmUp?: number;
  /** step: steps between two falls. Default: a third of those after the warm-up, rounded up. */
  readonly every?: number;
}

/** The rate of step `step` of `steps`, where a training says how many there are only when it begins. */
export function scheduleOver(options: Omit<ScheduleOptions, 'steps'>): (step: number, steps: number) => number {
  let made: { readonly steps: number; readonly schedule: Schedule } | undefined;
  return (step, steps) => {
    if (made?.steps !== steps) made = { steps, schedule: createSchedule({ ...options, steps }) };
    return made.schedule(step);
  };
}

/** The schedule of a training: warm-up and then the named one, which spans the rest. Throws ERR_TRAIN_OPTIONS. */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { schedule: name = 'cosine', learningRate, steps, warmUp: share = 0 } = options;
  requireInteger('steps', steps, 1);
  if (!(share >= 0 && share < 1)) badOption('warmUp', 'a share in [0, 1)', share);
  const rise = Math.min(Math.round(share * steps), steps - 1);
  const rest = steps - rise;
  const { every = Math.ceil(rest / 3) } = options;
  return warmUp(requireName('schedule', SCHEDULES, name)({ learningRate, steps: rest, every }), rise);
}
