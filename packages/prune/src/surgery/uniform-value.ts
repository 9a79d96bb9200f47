import type { Tensor } from '@gossamer/graph';

/** The one number that all elements of a tensor are; NaN where they differ, or there are none. */
export function uniformValue(tensor: Tensor): number {
  if (tensor.length === 0 || tensor.dtype === 'string') return NaN;
  const data = tensor.toFloat64();
  return data.every((x) => x === data[0]) ? data[0]! : NaN;
}

/** The same for the slices of each unit along an axis, by `owners`: for each index its unit, or -1. One pass over the tensor. */
export function uniformSlices(tensor: Tensor, axis: number, owners: Int32Array): Map<number, number> {
  const found = new Map<number, number>();
  if (tensor.dtype === 'string') return found;
  const data = tensor.dtype === 'float32' ? tensor.toFloat32() : tensor.toFloat64();
  const inner = tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = tensor.dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const chosen = Int32Array.from(owners.keys()).filter((index) => owners[index]! >= 0);
  const first = Float64Array.from(chosen, (index) => data[index * inner] ?? NaN);
  // In the order of memory: a column is read row by row, beside its neighbours.
  for (let block = 0; block < outer; block++) {
    for (let i = 0; i < chosen.length; i++) {
      const number = first[i]!;
      if (Number.isNaN(number)) continue;
      const start = (block * owners.length + chosen[i]!) * inner;
      for (let at = start; at < start + inner; at++) {
        if (data[at] === number) continue;
        first[i] = NaN;
        break;
      }
    }
  }
  chosen.forEach((index, i) => {
    const unit = owners[index]!;
    const known = found.get(unit);
    found.set(unit, known === undefined || known === first[i] ? first[i]! : NaN);
  });
  return found;
}
