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
  const data = tensor.toFloat64();
  const inner = tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = tensor.dims.slice(0, axis).reduce((a, b) => a * b, 1);
  owners.forEach((unit, index) => {
    if (unit < 0) return;
    let number = found.get(unit);
    for (let block = 0; block < outer && !Number.isNaN(number); block++) {
      const start = (block * owners.length + index) * inner;
      number ??= data[start];
      for (let at = start; at < start + inner; at++) if (data[at] !== number) number = NaN;
    }
    found.set(unit, number ?? NaN);
  });
  return found;
}
