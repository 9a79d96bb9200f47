import { attribute, type Node, Tensor } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { replaceNode } from '../edit/node-edits.js';

/**
 * MatMul by a weight in blocks along its inner axis (DequantizeLinear with block_size) becomes MatMulNBits on the same codes, where that
 * is exactly equal: 4- or 8-bit codes, K a whole number of blocks of 16 to 256, a power of two each.
 */
export function blockProducts(compilation: Compilation): void {
  if (!compilation.has('MatMulNBits')) return;
  for (const node of compilation.graph.nodes()) {
    if (node.isStandard('MatMul') && (compilation.rankOf(node.input(0)) ?? 0) >= 2) rewrite(node, compilation);
  }
}

const BITS: Readonly<Record<string, number>> = { int4: 4, uint4: 4, int8: 8, uint8: 8 };

function rewrite(node: Node, compilation: Compilation): void {
  const dequantize = node.input(1)!.producer;
  if (!dequantize?.isStandard('DequantizeLinear')) return;
  const block = dequantize.int('block_size', 0);
  const [codes, scale, zero] = [0, 1, 2].map((slot) => dequantize.input(slot)?.constant);
  const bits = codes && Object.hasOwn(BITS, codes.dtype) ? BITS[codes.dtype]! : undefined;
  if (!codes || scale?.dtype !== 'float32' || codes.dims.length !== 2 || bits === undefined) return;
  if (dequantize.input(2) && !zero) return;
  const [inner, columns] = codes.dims as [number, number];
  const axis = dequantize.int('axis', 1);
  if (![16, 32, 64, 128, 256].includes(block) || (axis !== 0 && axis !== -2) || inner % block !== 0) return;
  const blocks = inner / block;
  // MatMulNBits has unsigned codes; signed ones are stored with half the range added.
  const shift = codes.dtype.startsWith('u') ? 0 : 2 ** (bits - 1);
  const packed = packRows(codes, inner, columns, bits, shift);
  const scales = turned(scale.toFloat32(), blocks, columns);
  const zeros = zero?.toIntegers() ?? new Array<number>(blocks * columns).fill(0);
  const isDefault = zeros.every((value) => value + shift === 2 ** (bits - 1));
  const { graph } = compilation;
  const name = dequantize.input(0)!.name;
  const inputs = [
    node.input(0)!,
    graph.addInitializer(`${name}_blocks`, Tensor.of('uint8', [columns, blocks, (block * bits) / 8], packed)),
    graph.addInitializer(`${name}_scales`, Tensor.of('float32', [columns * blocks], scales)),
  ];
  if (!isDefault) {
    const points = packZeros(zeros, blocks, columns, bits, shift);
    inputs.push(graph.addInitializer(`${name}_zeros`, Tensor.of('uint8', [points.length], points)));
  }
  replaceNode(compilation, node, {
    op: 'MatMulNBits',
    domain: 'com.microsoft',
    inputs,
    attributes: {
      K: attribute.int(inner),
      N: attribute.int(columns),
      bits: attribute.int(bits),
      block_size: attribute.int(block),
    },
  });
}

/** [K, N] codes as rows [N, K], two 4-bit ones a byte, the first in the low half. */
function packRows(codes: Tensor, inner: number, columns: number, bits: number, shift: number): Uint8Array {
  const values = codes.toIntegers();
  const rows = new Uint8Array((inner * columns * bits) / 8);
  for (let n = 0; n < columns; n++) {
    for (let k = 0; k < inner; k++) {
      const code = values[k * columns + n]! + shift;
      const at = n * inner + k;
      if (bits === 8) rows[at] = code;
      else rows[at >> 1]! |= code << (4 * (at & 1));
    }
  }
  return rows;
}

function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** [blocks, N] zero points as rows of bytes [N, ceil(blocks * bits / 8)]. */
function packZeros(zeros: readonly number[], blocks: number, columns: number, bits: number, shift: number): Uint8Array {
  const width = Math.ceil((blocks * bits) / 8);
  const rows = new Uint8Array(width * columns);
  for (let n = 0; n < columns; n++) {
    for (let b = 0; b < blocks; b++) {
      const code = zeros[b * columns + n]! + shift;
      if (bits === 8) rows[n * width + b] = code;
      else rows[n * width + (b >> 1)]! |= code << (4 * (b & 1));
    }
  }
  return rows;
}
