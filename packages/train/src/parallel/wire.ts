import { type DType, Tensor } from '@gossamer/graph';
import { allocateAligned } from '@gossamer/kernels';

/** Where a tensor lies in a buffer that travels between threads. */
export interface WireEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

/** Tensors in one buffer, which is transferred and not copied. */
export interface Parcel {
  readonly buffer: ArrayBuffer;
  readonly entries: readonly WireEntry[];
}

const ALIGNMENT = 64;

/** Copies tensors into `spare`, or into a new buffer where that is too small. */
export function pack(tensors: Readonly<Record<string, Tensor>>, spare: ArrayBuffer = new ArrayBuffer(0)): Parcel {
  const entries: WireEntry[] = [];
  let end = 0;
  for (const [name, { dtype, dims, byteLength }] of Object.entries(tensors)) {
    entries.push({ name, dtype, dims, offset: end, byteLength });
    end = Math.ceil((end + byteLength) / ALIGNMENT) * ALIGNMENT;
  }
  const buffer = spare.byteLength >= end ? spare : new ArrayBuffer(end);
  for (const { name, offset, byteLength } of entries)
    new Uint8Array(buffer, offset, byteLength).set(tensors[name]!.bytes());
  return { buffer, entries };
}

/** The tensors of a parcel, as views of its buffer. */
export function view({ buffer, entries }: Parcel): Record<string, Tensor> {
  return Object.fromEntries(
    entries.map(({ name, dtype, dims, offset, byteLength }) => {
      const bytes = new Uint8Array(buffer, offset, byteLength);
      return [name, Tensor.of(dtype, dims, bytes)];
    }),
  );
}

/** Copies a parcel into `memory`, which keeps the array of a name from one time to the next: engines read it where it lies. */
export function unpack(parcel: Parcel, memory: Map<string, Tensor>): void {
  for (const { name, dtype, dims, offset, byteLength } of parcel.entries) {
    let held = memory.get(name);
    if (held?.dtype !== dtype || held.dims.join() !== dims.join()) {
      held = Tensor.of(dtype, dims, allocateAligned(Uint8Array, byteLength));
      memory.set(name, held);
    }
    held.bytes().set(new Uint8Array(parcel.buffer, offset, byteLength));
  }
}
