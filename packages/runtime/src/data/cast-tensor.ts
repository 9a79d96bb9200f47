import { type DType, GossamerError, isFloat, isInteger, Tensor } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { typedView } from '../session/tensor-view.js';

/**
 * `tensor` as `dtype`, for feeding arrays saved with a neighbouring type (numpy's int64, float64). Floats round half to even, integers
 * must fit, floats never become integers; anything else throws ERR_DATA_INPUTS. The same tensor when nothing has to change.
 */
export function castTensor(tensor: Tensor, dtype: DType, label: string): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const whole = isInteger(tensor.dtype) || tensor.dtype === 'bool';
  const allowed =
    (isFloat(dtype) && (whole || isFloat(tensor.dtype))) || ((isInteger(dtype) || dtype === 'bool') && whole);
  if (!allowed) {
    const text = `${label}: expected ${dtype}, received ${tensor.dtype}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  if (dtype === 'float32') return Tensor.of(dtype, tensor.dims, tensor.toFloat32());
  if (dtype === 'float64') return Tensor.of(dtype, tensor.dims, tensor.toFloat64());
  const values = whole ? integers(tensor) : tensor.toFloat64();
  return Tensor.fromNumbers(dtype, tensor.dims, values);
}

function integers(tensor: Tensor): ArrayLike<number | bigint> {
  const view = typedView(tensor);
  return view instanceof BigInt64Array || view instanceof BigUint64Array ? view : tensor.toIntegers();
}
