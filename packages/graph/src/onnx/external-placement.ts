import type { Tensor } from '../ir/tensor.js';
import type { ChunkList } from '../wire/chunk.js';
import { encodePlacement, type ExternalPlacement } from '../wire/external-writer.js';
import { embedded, isOutside, tensorBytes, type TensorPlacement } from './write-tensor.js';

/** Smaller tensors stay in the model file: shapes and scalars are wanted there by shape inference. */
const MIN_EXTERNAL_BYTES = 1024;

/** Puts large tensors beside the model. A first pass of the writer collects them; later passes know where each one went. */
export class ExternalTensors implements TensorPlacement {
  readonly #tensors: Tensor[] = [];
  readonly #index = new Map<Tensor, number>();
  #placements: readonly ExternalPlacement[] = [];

  /** The bytes of every tensor collected, in file order. */
  bytes(): ChunkList[] {
    return this.#tensors.map(tensorBytes);
  }

  /** Sets where the collected tensors lie, for the writer's next pass. */
  settle(placements: readonly ExternalPlacement[]): this {
    this.#placements = placements;
    return this;
  }

  /** A reference for a large tensor, the data themselves for a small one. */
  place(tensor: Tensor, name: string): ChunkList {
    if (!isLarge(tensor)) return embedded.place(tensor, name);
    let at = this.#index.get(tensor);
    if (at === undefined) {
      at = this.#tensors.push(tensor) - 1;
      this.#index.set(tensor, at);
    }
    return encodePlacement(this.#placements[at] ?? { location: '', offset: 0, length: tensor.byteLength });
  }

  /** Large tensors go beside the model; small ones that lay there come in. */
  mustMove(tensor: Tensor): boolean {
    return isLarge(tensor) || isOutside(tensor);
  }
}

function isLarge(tensor: Tensor): boolean {
  return tensor.dtype !== 'string' && tensor.byteLength >= MIN_EXTERNAL_BYTES;
}
