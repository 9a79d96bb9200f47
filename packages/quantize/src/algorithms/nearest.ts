import { roundToGrid } from '../grid/quantized-matrix.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/** Round to nearest on the grid of the weights: what every other algorithm is measured against. */
export const nearest: WeightAlgorithm = {
  name: 'nearest',
  needs: 'nothing',
  solve: ({ data, fit }) => Promise.resolve(roundToGrid(data, fit(data))),
};
