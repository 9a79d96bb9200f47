import { GossamerError, type Model, storeConstant, Tensor } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';

/**
 * A clone of `model` in which the constants named in `arrays` hold their numbers, in the element type that they had (rounded half to even).
 * Nothing else changes: saved, every other byte is that of the file. Throws ERR_TRAINING_FORM where the model has no constant of that name and size.
 */
export function writeBack(model: Model, arrays: ReadonlyMap<string, Float32Array>): Model {
  const copy = model.clone();
  for (const [name, data] of arrays) {
    const value = copy.graph.value(name);
    const stored = value?.constant ?? value?.initializer;
    if (!value || !stored || stored.length !== data.length) {
      const received = stored ? `one of ${stored.length}` : 'none';
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAINING_FORM',
        `${name}: expected a constant of ${data.length} numbers in the model, received ${received}`,
      );
    }
    const { dtype, dims } = stored;
    const tensor = dtype === 'float32' ? Tensor.of(dtype, dims, data.slice()) : Tensor.fromNumbers(dtype, dims, data);
    storeConstant(value, tensor);
  }
  return copy;
}
