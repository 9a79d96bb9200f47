import { bindDim, type Dim, GossamerError, type Model, tensorType, type Value } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { requireInteger } from '../require-option.js';
import type { TrainingFormOptions } from './training-form.js';

/** Declares every input of `model` with sizes that are numbers. Throws ERR_TRAINING_FORM for one that stays open, ERR_TRAIN_OPTIONS for a batch that is no count. */
export function bindInputs(model: Model, { bind = {}, batch }: TrainingFormOptions): void {
  if (batch !== undefined) requireInteger('batch', batch, 1);
  for (const input of model.graph.inputs) {
    if (input.initializer) continue;
    const { type } = input;
    if (type?.kind !== 'tensor' || !type.shape) refuse(input, 'a tensor of a known rank', type?.kind ?? 'no type');
    const sizes = type.shape.map((dim: Dim, axis) => {
      const bound = dim === undefined ? undefined : bindDim(dim, bind);
      if (typeof bound === 'number') return bound;
      if (axis === 0 && batch !== undefined) return batch;
      return refuse(
        input,
        'sizes that are all given (bind: NAME=NUMBER)',
        `[${type.shape!.map((d) => d?.toString() ?? '?').join(',')}]`,
      );
    });
    if (batch !== undefined && sizes.length > 0 && sizes[0] !== batch && typeof type.shape[0] === 'number') {
      refuse(input, `a first axis that is open or ${batch}`, `one of ${sizes[0]} in the file`);
    }
    model.graph.setType(input, tensorType(type.dtype, sizes));
  }
}

function refuse(input: Value, expected: string, received: string): never {
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `input ${input.name}: expected ${expected}, received ${received}`,
  );
}
