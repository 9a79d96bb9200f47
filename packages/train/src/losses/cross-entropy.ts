import { attribute, GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { badOption } from '../require-option.js';
import type { Loss } from './loss.js';

export interface CrossEntropyOptions {
  /** Output that holds the logits. Default: the first. */
  readonly output?: string;
  /** Axis of the classes. Default: the last of logits of rank 2 and 3, axis 1 of images. */
  readonly classAxis?: number;
  /** Share of the label that goes to all classes alike, in [0, 1). Default 0. Source: Szegedy et al., CVPR 2016, section 7. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy of softmax(logits) and classes: the mean over samples and positions of -log p[label]. The data feed `labels`, int64, of the logits'
 * shape without its class axis, each below the number of classes.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const { labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `labelSmoothing: expected a number in [0, 1), received ${labelSmoothing}`,
    );
  }
  return {
    name: 'cross-entropy',
    build({ g, batch, sampleWeights, output, input }) {
      const logits = output(options.output);
      const shape = g.shape(logits);
      const axis = options.classAxis ?? (shape.length > 3 ? 1 : shape.length - 1);
      if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
        badOption('classAxis', `an axis of logits [${shape.join()}]`, axis);
      }
      const positions = shape.filter((_, i) => i !== axis);
      const count = positions.reduce((a, b) => a * b, 1);
      const classesLast = shape.flatMap((_, i) => (i === axis ? [] : [i]));
      const rows = g.reshape(g.transpose(logits, [...classesLast, axis]), [count, shape[axis]!]);
      const labels = g.reshape(input('labels', 'int64', positions, shape[axis]), [count]);
      const each = g.reshape(sampleWeights, [batch, ...positions.slice(1).map(() => 1)]);
      const weights = g.reshape(g.expand(each, positions), [count]);
      const smoothing = { label_smoothing: attribute.float(labelSmoothing) };
      return g.call('SoftmaxCrossEntropy', [rows, labels, weights], smoothing, 2)[0]!;
    },
  };
}
