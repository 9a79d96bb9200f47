import { type Node, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { type BlockOptions, type MatMulNBits, quantizeMatMulNBitsAsync } from '@gossamer/kernels';
import { storedScaleAxis } from '../layers.js';
import { freshNodeName } from '../node-name.js';
import type { ResolvedOptions } from '../resolved-options.js';
import type { WeightReader } from '../weights/weight-reader.js';
import { blockOptions } from './block-weight.js';

/** Packed blocks of one stored tensor as initializers, in the shapes of MatMulNBits, or of GatherBlockQuantized. */
export interface PackedValues {
  readonly codes: Value;
  readonly scales: Value;
  readonly zeroPoints: Value | undefined;
}

/**
 * Packs weights in blocks, each stored tensor once however many layers read it: a tied embedding is one tensor that MatMulNBits and
 * GatherBlockQuantized both read, since their packed rows are the same bytes.
 */
export class PackedStore {
  readonly #packed = new Map<Value, Map<number, Promise<MatMulNBits>>>();
  readonly #values = new Map<MatMulNBits, PackedValues>();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly reader: WeightReader,
  ) {}

  /** The blocks of a rank-2 weight; embeddings in blocks along their rows. */
  pack(view: WeightView): Promise<MatMulNBits> {
    const { bits, signal } = this.options;
    const bySource = this.#packed.get(view.source) ?? new Map<number, Promise<MatMulNBits>>();
    this.#packed.set(view.source, bySource);
    const key = storedScaleAxis(view);
    const known = bySource.get(key);
    if (known) return known;
    const options = { ...blockOptions(view, this.options), bits, ...(signal && { signal }) };
    const isTable = options.layout === 'nk' && view.chain.length === 0;
    const made = isTable
      ? this.#packRows(view, options)
      : this.reader.use(view, async (data) => quantizeMatMulNBitsAsync(data, options));
    bySource.set(key, made);
    return made;
  }

  /** Rows of output features stand for themselves: piece by piece. */
  async #packRows(view: WeightView, options: BlockOptions): Promise<MatMulNBits> {
    const { n, k, blockSize, bits, mapping } = options;
    const kBlocks = Math.ceil(k / blockSize);
    const zeroBytes = Math.ceil((kBlocks * bits) / 8);
    const codes = new Uint8Array((n * kBlocks * blockSize * bits) / 8);
    const scales = new Float32Array(n * kBlocks);
    const zeroPoints = mapping === 'asymmetric' ? new Uint8Array(n * zeroBytes) : null;
    await this.reader.useRows(view.stored, async ({ data, first, count }) => {
      const piece = await quantizeMatMulNBitsAsync(data, { ...options, n: count });
      codes.set(piece.codes, first * (codes.length / n));
      scales.set(piece.scales, first * kBlocks);
      if (piece.zeroPoints) zeroPoints?.set(piece.zeroPoints, first * zeroBytes);
    });
    return { codes, scales, zeroPoints, kBlocks };
  }

  /** Initializers of `packed` for MatMulNBits, and the bytes that are new. */
  forProduct(view: WeightView, packed: MatMulNBits): { values: PackedValues; bytes: number } {
    const known = this.#values.get(packed);
    if (known) return { values: known, bytes: 0 };
    const stored = storePacked(view.source, packed, blockOptions(view, this.options).n);
    this.#values.set(packed, stored.values);
    return stored;
  }
}

/** Packed blocks of `n` rows as initializers beside what they were made of, and their bytes. */
export function storePacked(source: Value, packed: MatMulNBits, n: number): { values: PackedValues; bytes: number } {
  const { codes, scales, zeroPoints, kBlocks } = packed;
  const add = (suffix: string, tensor: Tensor) => source.graph.addInitializer(`${source.name}_${suffix}`, tensor);
  const values = {
    codes: add('codes', Tensor.of('uint8', [n, kBlocks, codes.length / (n * kBlocks)], codes)),
    scales: add('scales', Tensor.of('float32', [n * kBlocks], scales)),
    zeroPoints: zeroPoints ? add('zero_points', Tensor.of('uint8', [zeroPoints.length], zeroPoints)) : undefined,
  };
  return { values, bytes: codes.byteLength + scales.byteLength + (zeroPoints?.byteLength ?? 0) };
}

/** The same as rows, for GatherBlockQuantized: under another shape where a product reads them too (`isTied`). */
export function packedRows(values: PackedValues, n: number, reader: Node, isTied: boolean): PackedValues {
  const shape = (value: Value) => {
    const dims = [n, value.constant!.length / n];
    if (isTied) return reshaped(value, dims, reader);
    value.graph.setInitializer(value, value.constant!.reshaped(dims));
    return value;
  };
  const { codes, scales, zeroPoints } = values;
  return { codes: shape(codes), scales: shape(scales), zeroPoints: zeroPoints && shape(zeroPoints) };
}

/** ONNX Runtime folds this when it opens the model. */
function reshaped(value: Value, dims: readonly number[], reader: Node): Value {
  const { graph } = reader;
  const shape = graph.addInitializer(`${value.name}_rows`, Tensor.fromNumbers('int64', [dims.length], dims));
  return graph.add(
    {
      op: 'Reshape',
      name: freshNodeName(graph, `${value.name}_Reshape`),
      inputs: [value, shape],
      outputs: [`${value.name}_reshaped`],
    },
    { before: reader },
  ).output;
}
