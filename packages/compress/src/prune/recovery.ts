import { createHash } from 'node:crypto';
import { serializeModel } from '@gossamer/graph/onnx';
import type { DataSource } from '@gossamer/runtime';
import type { EpochRecord } from '@gossamer/train';
import type { OnnxModel } from '../onnx-model.js';
import { type FinetuneOptions, teachers } from '../training/finetune.js';
import { type Learner, learnerOf } from '../training/learner.js';
import { badOption } from './bad-option.js';
import { requireSparsifier, type SparsifierName } from './sparsifiers.js';

/** How a pruned model is trained on, by labels or by what a teacher says. What is 0 stays 0. */
export interface RecoveryOptions extends Omit<
  FinetuneOptions,
  'preserve' | 'data' | 'seed' | 'threads' | 'run' | 'signal' | 'onProgress'
> {
  /** Default: those that the criterion looks at. */
  readonly data?: DataSource;
  /** Prune in so many rounds, each taking the same share of what is left, with a training behind each. Default 1. */
  readonly rounds?: number;
  /**
   * Weights go in the course of the training in place of before it: 'gradual' (the smallest, along a cubic), 'movement' (those that move to 0; with a teacher), 'rigl' (masks begin at random, and places are exchanged). Needs `sparsity`, and patterns, criteria,
   * updates and rounds have no part in it. Default: before it.
   */
  readonly sparsifier?: SparsifierName;
}

/** What a recovery says of itself. */
export interface RecoveryReport {
  /** Share of zeros among the weights meant after each round. */
  readonly rounds: readonly number[];
  /** Updates of this call; rounds that `run` had are not made again. */
  readonly steps: number;
  /** Epochs of this call, one round after the other. */
  readonly history: readonly EpochRecord[];
  readonly engine?: string;
}

/** A recovery that is ready. */
export interface Recovery {
  readonly learn: Learner;
  readonly rounds: number;
  readonly sparsifier: SparsifierName | undefined;
  readonly run: string | undefined;
  /** Of all that decides what is learned and what the criterion sees, but for the pruned model. */
  readonly digest: string;
}

/** Opens data and teachers. Throws ERR_OPTION where there is nothing to learn from. */
export async function openRecovery(
  source: OnnxModel,
  { rounds = 1, sparsifier, ...recovery }: RecoveryOptions,
  common: Omit<FinetuneOptions, 'data'> & { readonly data?: DataSource },
): Promise<Recovery> {
  if (!(Number.isSafeInteger(rounds) && rounds >= 1)) badOption('recovery.rounds', 'an integer >= 1', rounds);
  if (sparsifier !== undefined) requireSparsifier(sparsifier, rounds);
  const data = recovery.data ?? common.data;
  if (data === undefined) badOption('recovery.data', 'samples to train on', 'none');
  if (data.latencyOnly) badOption('recovery.data', 'samples that mean something', data.description);
  const { run, seed = 0, threads, signal, onProgress } = common;
  const learn = await learnerOf(source.ir, {
    ...{ ...recovery, data, seed },
    // Rounds keep checkpoints of their own.
    ...(run === undefined || rounds > 1 ? {} : { run }),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  return { learn, rounds, sparsifier, run, digest: await digestOf(recovery, seed, [data, common.data]) };
}

async function digestOf(
  { teacher, data: _, ...choice }: RecoveryOptions,
  seed: number,
  data: readonly (DataSource | undefined)[],
): Promise<string> {
  const masters = teacher === undefined ? [] : await teachers(teacher);
  const hash = createHash('sha256').update(JSON.stringify([choice, seed]));
  for (const model of masters) hash.update(serializeModel(model));
  for (const source of data) hash.update(`${await source?.digest()};`);
  return hash.digest('hex').slice(0, 16);
}

/** A learner that remembers what it did, and what it says of that. */
export function recording({ learn }: Recovery): {
  learn: Learner;
  report: (rounds: readonly number[]) => RecoveryReport;
} {
  const history: EpochRecord[] = [];
  let [steps, engine]: [number, string | undefined] = [0, undefined];
  return {
    learn: async (model, lesson) => {
      const result = await learn(model, lesson);
      history.push(...result.history);
      steps += result.steps;
      engine = result.engine;
      return result;
    },
    report: (rounds) => ({ rounds, steps, history, ...(engine === undefined ? {} : { engine }) }),
  };
}
