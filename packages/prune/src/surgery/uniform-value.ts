import type { Tensor } from '@gossamer/graph';

/** The one number that all elements are whose index on `axis` is chosen; NaN where they differ. All of the tensor without an axis. */
export function uniformValue(tensor: Tensor, axis?: number, isChosen: (index: number) => boolean = () => true): number {
  if (tensor.length === 0 || tensor.dtype === 'string') return NaN;
  const data = tensor.toFloat64();
  if (axis === undefined) return data.every((x) => x === data[0]) ? data[0]! : NaN;
  const length = tensor.dims[axis]!;
  const inner = tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  let found: number | undefined;
  for (let i = 0; i < length; i++) {
    if (!isChosen(i)) continue;
    for (let block = i * inner; block < data.length; block += length * inner) {
      for (let at = block; at < block + inner; at++) {
        found ??= data[at]!;
        if (data[at] !== found) return NaN;
      }
    }
  }
  return found ?? NaN;
}
