import { type DType, dtypeBits, dtypeByteLength } from '@gossamer/graph';
import fc from 'fast-check';
import { RangeDecoder } from '../coders/range-decoder.js';
import { RangeEncoder } from '../coders/range-encoder.js';
import { decodeTensor, encodeTensor, formOf } from './encode-tensor.js';
import { bytesOf } from './float-words.js';
import { TENSOR_FORMS } from './registry.js';

const DTYPES: DType[] = [
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e5m2',
  'uint4',
  'int4',
  'float4e2m1',
  'uint2',
  'int2',
  'float6e2m3',
];

const DIMS = fc.oneof(
  fc.constantFrom([], [0], [3, 0, 2], [1], [1, 1, 1]),
  fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
);

/** A generator of numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const floats = (dims: number[], values: ArrayLike<number>) => ({
  dtype: 'float32' as const,
  dims,
  bytes: bytesOf(Float32Array.from(values)),
});

describe('encodeTensor', () => {
  it('gives back every bit of any dtype, shape and content', () => {
    const content = fc.constantFrom('any', 'few', 'zeros', 'one value', 'small');
    fc.assert(
      fc.property(fc.constantFrom(...DTYPES), DIMS, content, fc.nat(), (dtype, dims, kind, seed) => {
        const random = randomFrom(seed);
        const bytes = new Uint8Array(
          dtypeByteLength(
            dtype,
            dims.reduce((a, b) => a * b, 1),
          ),
        );
        if (kind === 'any') bytes.forEach((_, i) => (bytes[i] = 256 * random()));
        if (kind === 'few') bytes.forEach((_, i) => (bytes[i] = [0, 0, 0, 128, 63, 255][Math.floor(6 * random())]!));
        if (kind === 'one value') bytes.fill(256 * random());
        const width = Math.max(1, dtypeBits(dtype) / 8);
        if (kind === 'small') for (let i = 0; i < bytes.length; i += width) bytes[i] = 3 * random();
        const stream = encodeTensor({ dtype, dims, bytes });
        expect(stream.length).toBeLessThanOrEqual(bytes.length + 1);
        expect(Buffer.compare(decodeTensor(stream, { dtype, dims }), bytes)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('every form that takes a tensor gives it back', () => {
    const random = randomFrom(5);
    const sparse = Float32Array.from({ length: 600 }, () =>
      random() < 0.1 ? Math.round(5 * gaussian(random)) * Math.fround(0.013) + 0 : 0,
    );
    const tensors = [
      floats([20, 30], sparse),
      floats([20, 5, 3, 2], sparse),
      { dtype: 'uint8' as const, dims: [600], bytes: Uint8Array.from(sparse, (v) => 99 * v) },
      { dtype: 'int8' as const, dims: [600], bytes: Uint8Array.from(sparse, (v) => 99 * v) },
    ];
    const large = Uint8Array.from({ length: 70_000 }, () => 20 * gaussian(random));
    tensors.push({ dtype: 'uint8' as const, dims: [large.length], bytes: large });
    tensors.push(
      floats(
        [300, 90],
        Array.from({ length: 27_000 }, () => gaussian(random)),
      ),
    );
    const taken = new Set<string>();
    for (const tensor of tensors) {
      for (const form of TENSOR_FORMS) {
        const plan = form.plan(tensor);
        const body = form.body?.encode(tensor);
        if (body) {
          taken.add(form.name);
          expect(Buffer.compare(form.body!.decode(body, tensor), tensor.bytes)).toBe(0);
        }
        if (!plan) continue;
        taken.add(form.name);
        const encoder = new RangeEncoder();
        plan(encoder);
        expect(Buffer.compare(form.read(new RangeDecoder(encoder.finish()), tensor), tensor.bytes)).toBe(0);
      }
    }
    expect([...taken].sort()).toEqual(
      TENSOR_FORMS.map(({ name }) => name)
        .filter((name) => name !== 'constant')
        .sort(),
    );
  });

  it('keeps NaN payloads, signed zeros, denormals and infinities', () => {
    const words = Uint32Array.of(
      0x7fc00001,
      0xffc12345,
      0x7f800001,
      0,
      0x80000000,
      1,
      0x807fffff,
      0x7f800000,
      0xff800000,
    );
    for (const repeat of [1, 40]) {
      const all = new Uint32Array(9 * repeat).map((_, i) => words[(i * 7) % 9]!);
      const bytes = bytesOf(all);
      const spec = { dtype: 'float32' as const, dims: [all.length] };
      expect(Buffer.compare(decodeTensor(encodeTensor({ ...spec, bytes }), spec), bytes)).toBe(0);
    }
  });

  it.each([
    ['zeros', floats([50, 40], new Float32Array(2000)), 'constant'],
    [
      'levels of one scale',
      floats(
        [50, 40],
        Array.from({ length: 2000 }, (_, i) => ((i * 7919) % 13) - 6).map((k) => k * Math.fround(0.0173)),
      ),
      'scaled',
    ],
    [
      'a scale a channel',
      floats(
        [8, 250],
        Array.from(
          { length: 2000 },
          (_, i) => (((i * 7919) % 255) - 127) * Math.fround(0.01 + Math.floor(i / 250) / 77),
        ),
      ),
      'scaled-axis',
    ],
    [
      'a code book',
      floats(
        [50, 40],
        Array.from({ length: 2000 }, (_, i) => Math.sin((i * 7919) % 16)),
      ),
      'table',
    ],
    [
      'any floats',
      floats(
        [50, 40],
        Array.from({ length: 2000 }, (_, i) => Math.sin(i * 7919)),
      ),
      'planes',
    ],
    [
      'pruned floats',
      floats(
        [50, 40],
        Array.from({ length: 2000 }, (_, i) => (i % 11 === 0 ? Math.sin(i * 7919) : 0)),
      ),
      'masked',
    ],
  ])('finds out what a tensor is made of: %s', (_, tensor, form) => {
    expect(formOf(encodeTensor(tensor))).toBe(form);
  });

  it('sparse low-bit weights: under the entropy of independent elements, plus what a stream begins with', () => {
    const random = randomFrom(77);
    const scale = Math.fround(0.037);
    // 2 % of 300 x 784, 3 bits: values 1, 2, 3 falling.
    const levels = Array.from({ length: 235_200 }, () =>
      random() < 0.02 ? (random() < 0.5 ? -1 : 1) * (1 + Math.floor(random() * random() * 3)) : 0,
    );
    const counts = new Map<number, number>();
    for (const level of levels) counts.set(level, (counts.get(level) ?? 0) + 1);
    const entropy = [...counts.values()].reduce((sum, n) => sum - (n * Math.log2(n / levels.length)) / 8, 0);
    const stream = encodeTensor(
      floats(
        [300, 784],
        levels.map((k) => k * scale),
      ),
    );
    // 4 bytes of scale, form and plan; densities of rows and columns that say nothing here cost the mixing its learning.
    expect(stream.length).toBeLessThan(1.02 * entropy + 8);
  });
});
