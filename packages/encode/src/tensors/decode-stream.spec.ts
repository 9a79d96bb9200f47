import { type DType, isGossamerError } from '@gossamer/graph';
import { decodeTensor as decodeNative } from '@gossamer/kernels';
import fc from 'fast-check';
import { decodeEngine, decodeStream } from './decode-stream.js';
import { decodeTensor, encodeTensor } from './encode-tensor.js';
import { bytesOf } from './float-words.js';
import type { PlainTensor, TensorSpec } from './plain-tensor.js';
import { TENSOR_FORMS } from './registry.js';
import { RangeEncoder } from '../coders/range-encoder.js';

/** A generator of numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Tensors that every form takes between them. */
function tensors(seed: number): PlainTensor[] {
  const random = randomFrom(seed);
  const bell = () => random() + random() + random() - 1.5;
  const dims = [6, 3, 5, 2];
  const levels = (density: number, size: number) =>
    Array.from({ length: 180 }, () => (random() < density ? Math.round(size * bell()) : 0) + 0);
  const float = (values: readonly number[]) => ({
    dtype: 'float32' as const,
    dims,
    bytes: bytesOf(Float32Array.from(values)),
  });
  const int = (dtype: DType, values: readonly number[], shape = dims) => ({
    dtype,
    dims: shape,
    bytes: Uint8Array.from(values),
  });
  const wide = Uint8Array.from({ length: 2 * 9000 }, () => 40 * bell());
  return [
    float(levels(0.2, 6).map((level) => level * Math.fround(0.031))),
    float(levels(0.9, 90).map((level, i) => level * Math.fround(0.01 + Math.floor(i / 30)))),
    float(levels(1, 4).map((level) => Math.sin(level))),
    float(Array.from({ length: 180 }, bell)),
    float(levels(0.3, 9).map((level) => Math.fround(Math.sin(level * random())) + 0)),
    int('int8', levels(0.2, 4)),
    int('int4', levels(0.5, 40).slice(0, 90)),
    int('uint8', levels(1, 60)),
    { dtype: 'float16', dims: [wide.length / 2], bytes: wide },
    { dtype: 'bfloat16', dims: [wide.length / 2], bytes: wide },
    { dtype: 'int64', dims: [30], bytes: bytesOf(BigInt64Array.from({ length: 30 }, (_, i) => BigInt(i * i - 40))) },
    { dtype: 'float64', dims: [60], bytes: bytesOf(Float64Array.from({ length: 60 }, bell)) },
    { dtype: 'uint16', dims: [180], bytes: bytesOf(Uint16Array.from(levels(1, 900))) },
  ];
}

/** Every stream of a tensor, not only the shortest. */
function streamsOf(tensor: PlainTensor): { form: string; stream: Uint8Array }[] {
  return TENSOR_FORMS.flatMap((form, id) => {
    let body = form.body?.encode(tensor);
    if (!form.body) {
      const encoder = new RangeEncoder();
      const plan = form.plan(tensor);
      plan?.(encoder);
      body = plan && encoder.finish();
    }
    return body ? [{ form: form.name, stream: Uint8Array.of(id, ...body) }] : [];
  });
}

/** The bytes, or the code of the error. */
function byTypeScript(stream: Uint8Array, spec: TensorSpec): Uint8Array | string {
  try {
    return decodeTensor(stream, spec);
  } catch (error) {
    if (isGossamerError(error)) return error.code;
    throw error;
  }
}

const byNative = (stream: Uint8Array, { dtype, dims }: TensorSpec) =>
  decodeNative(stream, dtype, dims) ?? 'ERR_GSM_FORMAT';

function expectSame(stream: Uint8Array, spec: TensorSpec): void {
  const expected = byTypeScript(stream, spec);
  const received = byNative(stream, spec);
  if (typeof expected === 'string' || typeof received === 'string') expect(received).toBe(expected);
  else expect(Buffer.compare(received, expected)).toBe(0);
}

describe('the native decoder', () => {
  it('is what decodes here', () => expect(decodeEngine()).toBe('native'));

  it('gives the bytes of the definition for every form', () => {
    const forms = new Set<string>();
    for (let seed = 1; seed <= 6; seed++) {
      for (const tensor of tensors(seed)) {
        for (const { form, stream } of streamsOf(tensor)) {
          forms.add(form);
          const bytes = byNative(stream, tensor);
          expect(typeof bytes === 'string' ? `${form} ${bytes}` : Buffer.compare(bytes, tensor.bytes)).toBe(0);
        }
        expectSame(encodeTensor({ ...tensor, bytes: new Uint8Array(tensor.bytes.length).fill(7) }), tensor);
      }
    }
    expect([...forms, 'constant'].sort()).toEqual(TENSOR_FORMS.map(({ name }) => name).sort());
  });

  it('does with damaged streams what the definition does', () => {
    const streams = tensors(3).flatMap((tensor) => streamsOf(tensor).map(({ stream }) => ({ tensor, stream })));
    const change = fc.record({ at: fc.nat(40), byte: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(change, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        ({ tensor, stream }, changes, cut) => {
          const damaged = stream.slice(0, cut % 3 === 0 ? cut % (stream.length + 1) : undefined);
          for (const { at, byte } of changes) if (at < damaged.length) damaged[at] = byte;
          expectSame(damaged, tensor);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('does with any bytes, type and shape what the definition does', () => {
    const dtype = fc.constantFrom<DType[]>(
      'float32',
      'int8',
      'uint16',
      'int32',
      'int64',
      'float16',
      'float64',
      'bool',
      'int4',
      'uint2',
      'float6e2m3',
      'complex64',
    );
    const dims = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(dtype, dims, fc.nat(10), fc.uint8Array({ maxLength: 120 }), (type, shape, form, body) => {
        expectSame(Uint8Array.of(form, ...body), { dtype: type, dims: shape });
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses a stream that is too short for its tensor before its memory is made', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeStream(Uint8Array.of(2, 1, 2, 3), { dtype: 'int8', dims: [2 ** 33] })).toThrow(
      expect.objectContaining({ code: 'ERR_GSM_FORMAT' }),
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
