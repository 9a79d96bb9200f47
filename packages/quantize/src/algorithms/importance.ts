import { roundToGrid } from '../grid/quantized-matrix.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

/** Share of the mean importance that every column has at least: a block of inputs that calibration never saw is fitted as if all were alike. */
const DAMPING = 0.01;

/**
 * Round to nearest on a grid whose clips are searched with the squared error of column j weighted by E[x_j²]: the output error of the layer where
 * inputs are uncorrelated. Source: the importance matrix of llama.cpp (ggml-quants.c, `quant_weights`).
 */
export const importance: WeightAlgorithm = {
  name: 'importance',
  needs: 'moments',
  solve(problem) {
    const { columns, data, fit } = problem;
    const second = requireMoments(problem, 'importance');
    const squares = Float64Array.from({ length: columns }, (_, j) => second[j * columns + j]!);
    const floor = (DAMPING * squares.reduce((a, b) => a + b, 0)) / columns;
    const weights = floor > 0 ? squares.map((square) => square + floor) : undefined;
    return Promise.resolve(roundToGrid(data, fit(data, weights)));
  },
};
