import { largeSingularValues } from '@gossamer/kernels';
import { cutMatrix } from './cut-matrix.js';
import { defineMethod } from './method.js';

/** Truncated SVD of the weight as a matrix; a convolution becomes one of rank channels and a 1 x 1. Source: Eckart and Young, 1936. */
export const svd = defineMethod({
  name: 'svd',
  refuse: () => undefined,
  decompose: (problem) => cutMatrix(problem, largeSingularValues(problem.weight, problem.rows, problem.columns)),
});
