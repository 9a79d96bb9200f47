import type { QuantizeOptions } from './options.js';
import { resolveOptions } from './resolve-options.js';
import { SOME_DATA } from './testing/emit-static.js';

const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

test('defaults follow from what is given', () => {
  expect(resolveOptions({})).toMatchObject({ mode: 'dynamic', weights: 'int8', granularity: 'perAxis', bits: 8 });
  expect(resolveOptions({ data: SOME_DATA })).toMatchObject({ mode: 'static', activations: 'uint8', format: 'qdq' });
  expect(resolveOptions({ mode: 'weight-only', bits: 4 })).toMatchObject({
    weights: 'uint4',
    mapping: 'asymmetric',
    granularity: 'perBlock',
    blockSize: 32,
    accuracyLevel: 4,
  });
  expect(resolveOptions({ mode: 'weight-only', bits: 4, mapping: 'symmetric' })).toMatchObject({ weights: 'int4' });
  expect(resolveOptions({ mode: 'weight-only', weights: 'uint8' })).toMatchObject({ mapping: 'asymmetric' });
});

test('a preset gives defaults that single options override; undefined options count as absent', () => {
  expect(resolveOptions({ preset: 'q4' })).toMatchObject({ mode: 'weight-only', bits: 4, blockSize: 32 });
  expect(resolveOptions({ preset: 'q4', blockSize: 128 })).toMatchObject({ blockSize: 128 });
  const absent = { mode: undefined } as unknown as QuantizeOptions;
  expect(resolveOptions({ preset: 'q8', ...absent })).toMatchObject({ mode: 'dynamic', weights: 'int8' });
});

test.each(['fp16', 'q4f16', 'q2'])('preset %s is refused by name', (preset) => {
  expect(() => resolveOptions({ preset })).toThrow(code('ERR_PRESET'));
  expect(() => resolveOptions({ preset })).toThrow(preset);
});

test.each([
  [{ mode: 'fast' }],
  [{ weights: 'int3' }],
  [{ bits: 3 }],
  [{ mode: 'weight-only', weights: 'int4', bits: 8 }],
  [{ mode: 'dynamic', bits: 4 }],
  [{ mode: 'static', granularity: 'perBlock', data: SOME_DATA }],
  [{ mode: 'static', activations: 'int8', weights: 'uint8', data: SOME_DATA }],
  [{ weights: 'int8', mapping: 'asymmetric' }],
  [{ blockSize: 24 }],
  [{ accuracyLevel: 5 }],
  [{ percentile: 40 }],
  [{ samples: 0 }],
  [{ edgeBits: 2 }],
  [{ calibrator: 'guess' }],
  [{ storage: 'int4' }],
  [{ targetSqnr: NaN }],
])('%o is refused', (options) => {
  expect(() => resolveOptions(options as unknown as QuantizeOptions)).toThrow(code('ERR_QUANTIZE_OPTION'));
  expect(() => resolveOptions(options as unknown as QuantizeOptions)).toThrow(/: expected .*, received /);
});

test('static mode needs data', () => {
  expect(() => resolveOptions({ mode: 'static' })).toThrow(code('ERR_CALIBRATION_DATA'));
});
