import { GossamerError } from '@gossamer/graph';
import type { Loss } from '@gossamer/train';
import type { DistillErrorCode } from '../error-codes.js';
import { correlation } from './correlation.js';
import { decoupled } from './decoupled.js';
import { hardLabels } from './hard-labels.js';
import { hinton, type HintonOptions } from './hinton.js';
import { logitMse } from './logit-mse.js';

/** Losses that compare logits, by name; one line each. `temperature` is for those that have one. */
export const LOGIT_LOSSES = {
  hinton,
  decoupled,
  correlation,
  'logit-mse': logitMse,
  'hard-labels': hardLabels,
} as const satisfies Readonly<Record<string, (options: HintonOptions) => Loss>>;

export type LogitLossName = keyof typeof LOGIT_LOSSES;

/** The loss called `name`; throws ERR_DISTILL_OPTIONS naming those there are. */
export function logitLoss(name: LogitLossName, options: HintonOptions): Loss {
  if (Object.hasOwn(LOGIT_LOSSES, name)) return LOGIT_LOSSES[name](options);
  throw new GossamerError<DistillErrorCode>(
    'ERR_DISTILL_OPTIONS',
    `loss: expected one of ${Object.keys(LOGIT_LOSSES).join(', ')}, received ${String(name)}`,
  );
}
