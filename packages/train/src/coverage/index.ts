export type { CoverageCase } from './coverage-case.js';
export { TrainingProof } from './training-proof.js';
export { withImages, ZOO_CASES } from './zoo-cases.js';
