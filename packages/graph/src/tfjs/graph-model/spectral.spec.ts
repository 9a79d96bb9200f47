import * as tf from '@tensorflow/tfjs-core';
import { errorOf } from '../testing/error-of.js';
import { GraphDefBuilder } from '../testing/graph-def.js';
import { read } from '../testing/in-memory.js';
import { compareGraph, feedOpen, list } from './testing/operator-case.js';

/**
 * ONNX Runtime takes the angle of a factor in float32: up to 2 pi 11^2 / 12 = 64, off by 64 * 2^-24; there are 12 terms of magnitudes
 * below 3. (Of 22 terms the inverse is a mean.)
 */
const TOLERANCE = 12 * 3 * 64 * 2 ** -24;

const a = tf.randomNormal([2, 3, 12], 0, 1, 'float32', 1);
const b = tf.randomNormal([2, 3, 12], 0, 1, 'float32', 2);

/** A graph over the inputs `a` and `b`; `build` gives the names of the outputs. */
function graph(build: (g: GraphDefBuilder) => readonly string[]): [GraphDefBuilder, readonly string[]] {
  const g = new GraphDefBuilder();
  feedOpen(g, { a, b });
  return [g, build(g)];
}

const complex = (g: GraphDefBuilder) => g.node('Complex', ['a', 'b']);
const parts = (g: GraphDefBuilder, z: string) => ['Real', 'Imag', 'ComplexAbs'].map((op) => g.node(op, [z]));

describe('graph model: spectra, against TF.js', () => {
  test.each<[string, (g: GraphDefBuilder) => readonly string[]]>([
    ['Complex and its parts', (g) => parts(g, complex(g))],
    ['FFT', (g) => parts(g, g.node('FFT', [complex(g)]))],
    ['IFFT', (g) => parts(g, g.node('IFFT', [complex(g)]))],
    ['RFFT', (g) => parts(g, g.node('RFFT', ['a', g.constant(list(12))]))],
    ['IRFFT of RFFT', (g) => [g.node('IRFFT', [g.node('RFFT', ['a', g.constant(list(12))]), g.constant(list(12))])]],
    ['IRFFT', (g) => [g.node('IRFFT', [complex(g), g.constant(list(22))])]],
  ])('%s', async (_, build) => {
    const [g, outputs] = graph(build);
    expect(await compareGraph(g, { a, b }, outputs)).toBeLessThanOrEqual(TOLERANCE);
  });

  test('an inverse of a spectrum of two bins', async () => {
    const feeds = { c: tf.randomNormal([2, 2], 0, 1, 'float32', 3), d: tf.zeros([2, 2]) };
    const g = new GraphDefBuilder();
    feedOpen(g, feeds);
    const out = g.node('IRFFT', [g.node('Complex', ['c', 'd']), g.constant(list(2))]);
    expect(await compareGraph(g, feeds, [out])).toBeLessThanOrEqual(TOLERANCE);
  });

  test.each<[string, (g: GraphDefBuilder) => readonly string[], RegExp]>([
    ['another operator on complex numbers', (g) => [g.node('Relu', [complex(g)])], /Relu operand: .*complex/],
    ['real numbers where complex ones belong', (g) => [g.node('FFT', ['a'])], /FFT operand: .*real ones/],
    ['a complex output', (g) => [complex(g)], /output: expected real numbers/],
    ['a padded signal', (g) => parts(g, g.node('RFFT', ['a', g.constant(list(16))])), /fft_length: .*\(12\).* 16/],
    ['an odd length', (g) => [g.node('IRFFT', [complex(g), g.constant(list(23))])], /fft_length: .*\(22\).* 23/],
  ])('refuses %s', (_, build, message) => {
    const [g, outputs] = graph(build);
    const error = errorOf(() => read(g.save(outputs)));
    expect(error.code).toBe('ERR_TFJS_NODE');
    expect(error.message).toMatch(message);
  });
});
