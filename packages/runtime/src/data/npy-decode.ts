import { Tensor } from '@gossamer/graph';
import type { NpyType } from './npy-header.js';

/** Elements of an .npy array, `bytes` as stored (changed in place when their byte order differs), to a tensor. */
export function decodeNpy(type: NpyType, dims: readonly number[], bytes: Uint8Array): Tensor {
  if (type.text) return Tensor.ofStrings(dims, decodeText(type, bytes, dims));
  // A complex number is two floats: each half is swapped by itself.
  const unit = type.dtype.startsWith('complex') ? type.itemSize / 2 : type.itemSize;
  if (type.swap && unit > 1) swapUnits(bytes, unit);
  if (type.dtype === 'bool') for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i] === 0 ? 0 : 1;
  return Tensor.of(type.dtype, dims, bytes);
}

function swapUnits(bytes: Uint8Array, unit: number): void {
  for (let at = 0; at < bytes.length; at += unit) bytes.subarray(at, at + unit).reverse();
}

function decodeText(type: NpyType, bytes: Uint8Array, dims: readonly number[]): Uint8Array[] {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: count }, (_, i) => {
    const item = bytes.subarray(i * type.itemSize, (i + 1) * type.itemSize);
    return type.text === 'S' ? trimZeros(item) : encodeCodePoints(item, type.swap);
  });
}

function trimZeros(item: Uint8Array): Uint8Array {
  let end = item.length;
  while (end > 0 && item[end - 1] === 0) end--;
  return item.slice(0, end);
}

function encodeCodePoints(item: Uint8Array, bigEndian: boolean): Uint8Array {
  const view = new DataView(item.buffer, item.byteOffset, item.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= item.length; at += 4) {
    const code = view.getUint32(at, !bigEndian);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  }
  return trimZeros(new TextEncoder().encode(text));
}
