/** Share of the mean of M's diagonal that is added to it: directions that the data hardly show keep the weights they have. Source: SparseGPT (arXiv:2301.00774), section 4. */
export const DAMPING = 0.01;
