import { checkGraph } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from './options.js';
import { quantize } from './quantize.js';
import { noiseTensor } from './testing/emit-static.js';
import { runOrt, sqnr } from './testing/ort.js';
import { randomNetwork } from './testing/random-network.js';

const data = dataFromArrays({ x: noiseTensor([16, 8, 12, 12], 5) });
/** The first of the calibration samples: nothing lies outside the ranges. */
const feeds = { x: noiseTensor([2, 8, 12, 12], 5) };

/** Eight bits of a full-scale uniform signal are 48 dB; ten steps in a row take 10 dB, peaks four times the rms 12. */
const LEAST_SQNR = 20;

const MODES: Readonly<Record<string, QuantizeOptions>> = {
  static: { data },
  'static, every integer kernel': { data, costModel: false },
  'static, QLinear operators': { data, costModel: false, format: 'qoperator' },
  'static, uint8 weights': { data, costModel: false, weights: 'uint8' },
  'static, int8 activations, one scale a weight': {
    data,
    costModel: false,
    activations: 'int8',
    granularity: 'perTensor',
    optimize: false,
  },
  dynamic: { mode: 'dynamic' },
  'weight-only, standard operators': { mode: 'weight-only', blockFormat: 'dequantize-linear' },
};

test.each(Object.entries(MODES))('random networks keep shapes and values: %s', async (_, options) => {
  for (let seed = 1; seed <= 30; seed++) {
    const model = randomNetwork(seed);
    const { model: small } = await quantize(model, options);
    checkGraph(small.graph);
    const [reference, actual] = [await runOrt(model, feeds), await runOrt(small, feeds)];
    for (const [name, expected] of Object.entries(reference)) {
      expect([seed, name, actual[name]!.dims]).toEqual([seed, name, expected.dims]);
      expect([seed, name, sqnr(expected, actual[name]!) > LEAST_SQNR]).toEqual([seed, name, true]);
    }
  }
});
