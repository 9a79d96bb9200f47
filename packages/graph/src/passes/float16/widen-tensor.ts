import { Tensor, type TensorStorage } from '../../ir/tensor.js';

/** Bytes of a float32, and of the narrow types. */
const [WIDE, NARROW] = [4, 2] as const;

/** The tensors that were widened, by what became of them. */
const NARROW_FORMS = new WeakMap<Tensor, Tensor>();

/** The float32 form of a float16 or bfloat16 tensor, which holds the same numbers: read when it is asked for, nothing is kept. */
export function widenTensor(narrow: Tensor): Tensor {
  const wide = Tensor.fromStorage('float32', narrow.dims, new WidenedStorage(narrow));
  NARROW_FORMS.set(wide, narrow);
  return wide;
}

/** The tensor that `wide` was widened from; undefined for every other. */
export function narrowForm(wide: Tensor): Tensor | undefined {
  return NARROW_FORMS.get(wide);
}

class WidenedStorage implements TensorStorage {
  constructor(private readonly narrow: Tensor) {}

  get byteLength(): number {
    return this.narrow.length * WIDE;
  }

  read(start: number, end: number): Uint8Array {
    const [first, last] = [Math.floor(start / WIDE), Math.ceil(end / WIDE)];
    const codes = this.narrow.bytes(first * NARROW, last * NARROW);
    const floats = Tensor.of(this.narrow.dtype, [last - first], codes).toFloat32();
    return new Uint8Array(floats.buffer, start - first * WIDE, end - start);
  }
}
