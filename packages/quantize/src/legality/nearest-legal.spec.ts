import { TARGETS } from '../choices.js';
import { resolveOptions } from '../resolve-options.js';
import type { QuantizeOptions } from '../options.js';
import { SOME_DATA } from '../testing/emit-static.js';
import { LEGAL } from './legal.js';
import { type Combination, combinations, isLegal, nearestLegal } from './nearest-legal.js';

const asked: Combination = {
  mode: 'dynamic',
  weights: 'int8',
  activations: 'float32',
  granularity: 'perAxis',
  form: 'integer',
};

test('what is legal is its own nearest', () => {
  for (const target of TARGETS) {
    for (const row of LEGAL.filter(({ targets }) => targets.includes(target))) {
      for (const combination of combinations(row)) {
        expect(isLegal(combination, target)).toBe(true);
        expect(nearestLegal(combination, target)).toEqual(combination);
      }
    }
  }
});

test('the nearest changes as little as can be, and of that the fewest bits', () => {
  expect(nearestLegal({ ...asked, granularity: 'perBlock' }, 'onnxruntime')).toMatchObject({ mode: 'dynamic' });
  // Another mode or other weights are one change each: the mode keeps the bits.
  expect(nearestLegal({ ...asked, weights: 'int3' }, 'onnxruntime')).toMatchObject({
    mode: 'weight-only',
    weights: 'int3',
    granularity: 'perAxis',
  });
  expect(nearestLegal({ ...asked, mode: 'weight-only', weights: 'int9', form: 'matmulnbits' }, 'arm').weights).toBe(
    'int8',
  );
});

const data = SOME_DATA;
test.each<[QuantizeOptions, string]>([
  [
    { mode: 'dynamic', weights: 'int4' },
    'mode: expected static (the nearest that onnxruntime has to mode dynamic, weights int4, granularity perAxis), received "dynamic"',
  ],
  [
    { mode: 'static', data, activations: 'int8', weights: 'uint8' },
    'activations: expected uint8 (the nearest that onnxruntime has to mode static, weights uint8, activations int8, granularity perAxis, format qdq), received "int8"',
  ],
  [
    { mode: 'static', data, activations: 'uint16', format: 'qoperator' },
    'format: expected qdq (the nearest that onnxruntime has to mode static, weights int8, activations uint16, granularity perAxis, format qoperator), received "qoperator"',
  ],
  [
    { mode: 'weight-only', weights: 'nf4', blockFormat: 'dequantize-linear' },
    'blockFormat: expected matmulnbits (the nearest that onnxruntime has to mode weight-only, weights nf4, granularity perBlock, blockFormat dequantize-linear), received "dequantize-linear"',
  ],
  [
    { target: 'webgpu', mode: 'dynamic' },
    'mode: expected weight-only (the nearest that webgpu has to mode dynamic, weights int8, granularity perAxis), received "dynamic"',
  ],
])('%j names the nearest', (options, message) => {
  expect(() => resolveOptions(options)).toThrow(expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error);
  expect(() => resolveOptions(options)).toThrow(message);
});

test.each<[QuantizeOptions, Partial<QuantizeOptions>]>([
  [{ target: 'cpu-without-vnni', mode: 'static', data }, { reduceRange: 'auto' }],
  [{ target: 'cpu-without-vnni' }, { mode: 'dynamic', reduceRange: true }],
  [{ target: 'onnxruntime-vnni' }, { reduceRange: false }],
  [
    { target: 'arm', data },
    { mode: 'static', activations: 'int8', weights: 'int8' },
  ],
  [{ target: 'arm', data, weights: 'uint8' }, { activations: 'uint8' }],
  [{ target: 'webgpu' }, { mode: 'weight-only', bits: 4 }],
  [{ target: 'web' }, { mode: 'dynamic' }],
])('%j sets defaults', (options, expected) => {
  expect(resolveOptions(options)).toMatchObject(expected);
});
