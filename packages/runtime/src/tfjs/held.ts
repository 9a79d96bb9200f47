import { type DType, elementCount, type Tensor } from '@gossamer/graph';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { channelsFirstPerm, channelsLastPerm, permuted } from '../layout/permutations.js';
import type { Tf } from './backend.js';
import { download, upload } from './transfer.js';

/** Where the channels of a tensor of rank 3 and up are: axis 1, as in ONNX, or the last one, as TensorFlow.js convolves. */
export type Layout = 'first' | 'last';

/**
 * A value of a graph during a run: on the host, on the backend with channels first, with channels last, or several of these. A form is
 * made when it is first asked for and kept until `dispose`, so a value is turned once however many nodes read it.
 */
export class Held {
  readonly #forms = new Map<Layout | 'filter', TfTensor>();
  #host: Tensor | undefined;

  private constructor(
    private readonly tf: Tf,
    /** Sizes in the order of ONNX. */
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}

  static ofHost(tf: Tf, tensor: Tensor): Held {
    const held = new Held(tf, tensor.dims, tensor.dtype);
    held.#host = tensor;
    return held;
  }

  static ofTensor(tf: Tf, tensor: TfTensor, layout: Layout, dtype: DType): Held {
    const shape = layout === 'last' ? permuted(tensor.shape, channelsFirstPerm(tensor.rank)) : tensor.shape;
    const held = new Held(tf, shape, dtype);
    held.#keep(layout, tensor);
    return held;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return elementCount(this.shape);
  }

  /** True when no work is needed for the form. */
  has(layout: Layout): boolean {
    return this.#forms.has(layout);
  }

  /** The elements as ONNX orders them. */
  first(): TfTensor {
    const made = this.#forms.get('first');
    if (made) return made;
    const last = this.#forms.get('last');
    const tensor = last ? turned(this.tf, last, channelsFirstPerm(this.rank)) : upload(this.tf, this.#host!);
    return this.#keep('first', tensor);
  }

  /** With channels last; rank 3 and up. */
  last(): TfTensor {
    const made = this.#forms.get('last');
    return made ?? this.#derive('last', (first) => turned(this.tf, first, channelsLastPerm(this.rank)));
  }

  in(layout: Layout): TfTensor {
    return layout === 'last' ? this.last() : this.first();
  }

  /** The kernel of a convolution, [O, I, height, width] or [O, I, width], as [height, width, I, O]. */
  filter(): TfTensor {
    const made = this.#forms.get('filter');
    if (made) return made;
    const [outputs = 1, inputs = 1, ...sizes] = this.shape;
    const image = [outputs, inputs, ...(sizes.length === 1 ? [1] : []), ...sizes];
    return this.#derive('filter', (first) => turned(this.tf, this.tf.reshape(first, image), [2, 3, 1, 0]));
  }

  /** The elements on the host, in the dtype of the graph; read back once. */
  host(): Tensor {
    return (this.#host ??= download(this.first(), this.dtype));
  }

  dispose(): void {
    for (const tensor of this.#forms.values()) tensor.dispose();
    this.#forms.clear();
  }

  /** Makes a form of the first one, which does not stay where it was made for this alone: weights are on the backend once. */
  #derive(form: 'last' | 'filter', compute: (first: TfTensor) => TfTensor): TfTensor {
    const isPassing = !this.#forms.has('first');
    const made = this.#keep(form, compute(this.first()));
    if (isPassing) {
      this.#forms.get('first')?.dispose();
      this.#forms.delete('first');
    }
    return made;
  }

  #keep(form: Layout | 'filter', tensor: TfTensor): TfTensor {
    // A kept tensor belongs to another value, or is another form of this one.
    const own = this.tf.keep(tensor.kept ? tensor.clone() : tensor);
    this.#forms.set(form, own);
    return own;
  }
}

/** A transposition; only another shape over the same elements where nothing but axes of size 1 move. */
export function turned(tf: Tf, tensor: TfTensor, perm: readonly number[]): TfTensor {
  const stays = perm.filter((axis) => tensor.shape[axis] !== 1);
  if (stays.every((axis, i) => i === 0 || axis > stays[i - 1]!))
    return tf.reshape(tensor, permuted(tensor.shape, perm));
  return tf.transpose(tensor, [...perm]);
}
