import type { EpochRecord } from '@gossamer/train';
import { GossamerError } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import type { CompressErrorCode } from '../error-codes.js';
import type { OnnxModel } from '../onnx-model.js';
import type { FinetuneOptions } from '../training/finetune.js';
import { type Learner, learnerOf } from '../training/learner.js';

/** How a pruned model is trained on, by labels or by what a teacher says. What is 0 stays 0. */
export interface RecoveryOptions extends Omit<FinetuneOptions, 'data' | 'seed' | 'threads' | 'run' | 'signal' | 'onProgress'> {
  /** Default: those that the criterion looks at. */
  readonly data?: DataSource;
}

/** What a recovery says of itself. */
export interface RecoveryReport {
  readonly engine: string;
  /** Updates made in all. */
  readonly steps: number;
  readonly history: readonly EpochRecord[];
}

/** The learner of a recovery. Throws ERR_OPTION where there are no data to learn from. */
export async function recoveryLearner(
  source: OnnxModel,
  recovery: RecoveryOptions,
  common: Omit<FinetuneOptions, 'data'> & { readonly data?: DataSource },
): Promise<Learner> {
  const data = recovery.data ?? common.data;
  if (data === undefined) {
    throw new GossamerError<CompressErrorCode>('ERR_OPTION', 'recovery.data: expected samples to train on, received none');
  }
  if (data.latencyOnly) {
    const received = data.description;
    throw new GossamerError<CompressErrorCode>('ERR_OPTION', `recovery.data: expected samples that mean something, received ${received}`);
  }
  return learnerOf(source.ir, { ...common, ...recovery, data });
}
