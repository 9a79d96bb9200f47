import type { Motion } from './moved-digits.js';

/** Adam with cosine decay, batches of 128. */
export interface TrainStage {
  readonly steps: number;
  readonly learningRate: number;
}

/** A stage in which weights go (see rateAware). */
export interface ThinStage extends TrainStage {
  readonly weights: number;
  readonly rate: number;
  readonly end: number;
  readonly curve: number;
}

/** A point that is asked for, and the recipe that is to reach it. */
export interface Point {
  readonly name: string;
  readonly net: 'lenet-300-100' | 'lenet-5';
  /** Of the .gsm file; or of the parameters that are left, biases too, where none is 0. */
  readonly asked: ({ readonly bytes: number } | { readonly parameters: number }) & { readonly errorPercent: number };
  readonly dense: TrainStage;
  /** Units of each group that stay (see narrow). Default: all. */
  readonly widths?: readonly number[];
  /** In float, before `last`. Default: none. */
  readonly thin?: ThinStage;
  /** In float, with all weights of those units. Default: none. */
  readonly whole?: TrainStage;
  /** On few values (see trainOnGrids). Default: none, the net stays dense. */
  readonly last?: ThinStage & { readonly weightBits: number; readonly biasStep: number };
}

/** The teacher, and how nets learn from it. */
export const TEACHER = {
  ...{ steps: 16_000, learningRate: 1.5e-3, weightDecay: 0.02, copies: 16, motion: { reach: 2, turn: 10 } },
  dropout: [
    { before: 'fc1', ratio: 0.2 },
    { before: 'fc2', ratio: 0.3 },
  ],
  lesson: { copies: 16, motion: { reach: 1, turn: 10 }, alpha: 0.9, temperature: 4 },
} satisfies TrainStage & Readonly<Record<string, unknown>> & { readonly motion: Motion };

const LENET_300_100 = {
  net: 'lenet-300-100',
  dense: { steps: 5000, learningRate: 2e-3 },
} as const satisfies Partial<Point>;

const LENET_5 = {
  net: 'lenet-5',
  dense: { steps: 6000, learningRate: 1.5e-3 },
} as const satisfies Partial<Point>;

/** Of all last stages: 7 values, and how weights go. */
const LAST = { rate: 1, end: 0.6, curve: 3, weightBits: 3, biasStep: 1 / 16 };

/**
 * Chosen on 5,000 held-out training digits, with few trials, one seed each. LeNet-5 of 12-30-100 in 5,000 updates: 2,989 weights, 43 errors, 2,588 bytes where clipped weights never came back, 2,992, 48, 2,308 where they do; in 20,000 updates 2,986, 50, 2,222. Dense:
 * 6-12-20 55 errors (20,000 updates, rate 2e-3), 8-13-15 43 (24,000, 3e-3). With the teacher before this one (6,000 updates, 28 errors in place of 24): LeNet-300-100 with 4,963 weights 79 errors, 4,375 bytes (20,000 updates).
 */
export const RECORD_POINTS: readonly Point[] = [
  {
    ...LENET_300_100,
    name: 'lenet-300-100-must',
    asked: { bytes: 10_600, errorPercent: 1.6 },
    thin: { steps: 5000, learningRate: 2e-3, weights: 20_000, rate: 1, end: 0.8, curve: 1 },
    last: { steps: 12_000, learningRate: 3e-3, weights: 10_000, ...LAST },
  },
  {
    ...LENET_300_100,
    name: 'lenet-300-100-goal',
    asked: { bytes: 3550, errorPercent: 1.6 },
    thin: { steps: 5000, learningRate: 2e-3, weights: 20_000, rate: 1, end: 0.8, curve: 1 },
    last: { steps: 25_000, learningRate: 3e-3, weights: 3750, ...LAST },
  },
  {
    ...LENET_5,
    name: 'lenet-5-dense-units',
    asked: { parameters: 6150, errorPercent: 1 },
    widths: [8, 13, 15],
    whole: { steps: 24_000, learningRate: 3e-3 },
  },
  {
    ...LENET_5,
    name: 'lenet-5-must',
    asked: { bytes: 4700, errorPercent: 0.75 },
    widths: [14, 36, 120],
    last: { steps: 20_000, learningRate: 2e-3, weights: 6200, ...LAST },
  },
  {
    ...LENET_5,
    name: 'lenet-5-goal',
    asked: { bytes: 3030, errorPercent: 0.69 },
    widths: [12, 30, 100],
    last: { steps: 40_000, learningRate: 2e-3, weights: 3950, ...LAST },
  },
  {
    ...LENET_5,
    name: 'lenet-5-least',
    asked: { bytes: 1520, errorPercent: 0.96 },
    widths: [10, 24, 80],
    last: { steps: 40_000, learningRate: 2e-3, weights: 1950, ...LAST },
  },
];
