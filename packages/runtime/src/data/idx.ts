import { elementCount, GossamerError, Tensor, type TensorStorage } from '@gossamer/graph';
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { PortDim, PortSpec } from '../session/port-spec.js';
import { dataFromArrays } from './array-source.js';
import type { BatchOptions, DataSource, OpenDataOptions } from './data-source.js';
import { fileDigest } from './file-digest.js';

/** Bytes of one IDX file, inflated. */
const MAX_BYTES = 2 ** 31 - 1;

const inflate = promisify(gunzip);

function refuse(
  path: string,
  expected: string,
  received: unknown,
  code: RuntimeErrorCode = 'ERR_DATA_FILE',
): GossamerError {
  return new GossamerError(code, `${path}: expected ${expected}, received ${String(received)}`);
}

/**
 * Images and labels in IDX files (MNIST's format), plain or gzipped: bytes scaled to 0..1 (divided by 255) and reshaped to the model's
 * input, labels as int64.
 *
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
 */
export async function openIdx(
  images: string,
  labels: string | undefined,
  options: OpenDataOptions,
): Promise<DataSource> {
  const pixels = await readIdx(images);
  const classes = labels === undefined ? undefined : await readIdx(labels);
  const [count = 0, ...shape] = pixels.dims;
  if (classes && classes.dims[0] !== count) {
    throw refuse(labels!, `${count} labels as in ${images}`, classes.dims[0]);
  }
  const scaled = scaledStorage(pixels.bytes());
  const extras = classes ? { labels: Tensor.fromNumbers('int64', classes.dims, classes.bytes()) } : {};
  // Reshaping waits for the model: the same source may feed [n, 784] and [n, 1, 28, 28].
  const source = (inputs: readonly PortSpec[] | undefined) => {
    const [input, ...others] = (inputs ?? []).filter(({ optional }) => !optional);
    if (!input || others.length > 0) {
      const text = `idx: expected a model with one input, received ${inputs ? inputs.length : 'none'}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
    }
    const frame = frameShape(input, shape);
    return dataFromArrays(
      { [input.name]: Tensor.fromStorage('float32', [count, ...frame], scaled), ...extras },
      options,
    );
  };
  const length = Math.min(count, options.limit ?? Infinity);
  return {
    description: `idx ${images}: ${count} images of ${shape.join(' x ')}, scaled to 0..1${length < count ? `, the first ${length}` : ''}`,
    length,
    latencyOnly: false,
    hasLabels: classes !== undefined,
    hasTargets: false,
    batches: (request: BatchOptions = {}) => source(request.inputs ?? options.inputs).batches(request),
    digest: async () => {
      const files = [await fileDigest(images), labels === undefined ? '' : await fileDigest(labels), length];
      return createHash('sha256').update(files.join()).digest('hex');
    },
  };
}

/** Bytes as float32 / 255, converted where they are read: 60,000 images as floats would be 188 MB. */
function scaledStorage(bytes: Uint8Array): TensorStorage {
  const table = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  return {
    byteLength: bytes.length * 4,
    read: (start, end) => {
      const first = Math.floor(start / 4);
      const floats = new Float32Array(Math.ceil(end / 4) - first);
      for (let i = 0; i < floats.length; i++) floats[i] = table[bytes[first + i]!]!;
      return new Uint8Array(floats.buffer, start - first * 4, end - start);
    },
  };
}

/** The shape of one image in the model's input: its fixed dims; when others are open, the image's own with channel axes of 1. */
function frameShape(input: PortSpec, shape: readonly number[]): readonly number[] {
  const elements = elementCount(shape);
  const frame: readonly PortDim[] = input.shape?.slice(1) ?? shape;
  const open = frame.filter((dim) => typeof dim !== 'number').length;
  if (open === 0 || !input.shape) {
    const fixed = frame as readonly number[];
    if (elementCount(fixed) === elements) return fixed;
  } else if (frame.length === 1) {
    return [elements];
  } else if (open === 1) {
    const rest = elementCount(frame.filter((dim) => typeof dim === 'number'));
    if (elements % rest === 0) return frame.map((dim) => (typeof dim === 'number' ? dim : elements / rest));
  } else {
    const own = [...shape];
    const result = frame.map((dim) => (dim === 1 ? 1 : own.shift()));
    const fits = own.length === 0 && frame.every((dim, i) => typeof dim !== 'number' || dim === result[i]);
    if (fits && result.every((dim) => dim !== undefined)) return result;
  }
  const expected = `[${input.shape?.map((dim) => dim ?? '?').join(', ')}]`;
  const text = `input ${input.name}: expected ${expected}, received images of [${shape.join(', ')}]`;
  throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
}

async function readIdx(path: string): Promise<Tensor> {
  const bytes = await readMaybeGzipped(path);
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || rank === undefined || rank === 0)
    throw refuse(path, 'an IDX file', 'something else');
  if (type !== 8) throw refuse(path, 'IDX of unsigned bytes (type 8)', `type ${type}`);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw refuse(path, `${start} bytes of header`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = elementCount(dims);
  if (bytes.length - start !== expected)
    throw refuse(path, `${expected} bytes for [${dims.join(', ')}]`, bytes.length - start);
  return Tensor.of('uint8', dims, bytes.subarray(start));
}

async function readMaybeGzipped(path: string): Promise<Uint8Array> {
  const { size } = await stat(path).catch(broken(path, 'a readable file'));
  if (size > MAX_BYTES) throw refuse(path, `at most ${MAX_BYTES} bytes`, size, 'ERR_DATA_LIMIT');
  const bytes = await readBytes(path, size).catch(broken(path, 'a readable file'));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return inflate(bytes, { maxOutputLength: MAX_BYTES }).catch(broken(path, 'gzip data'));
}

async function readBytes(path: string, size: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(bytes, at, size - at);
      if (bytesRead === 0) throw refuse(path, `${size} bytes`, at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Throws a system's or a library's error as ERR_DATA_FILE, and ours as it is. */
function broken(path: string, expected: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof GossamerError) throw cause;
    const text = `${path}: expected ${expected}, received ${(cause as Error).message}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', text, { cause });
  };
}
