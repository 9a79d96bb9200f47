import type { PairedRatio } from '../harness/paired-latency.js';

/** Such as `1.70x (1.65-1.74)`. */
export const ratioText = ({ ratio, low, high }: PairedRatio): string =>
  `${ratio.toFixed(2)}x (${low.toFixed(2)}-${high.toFixed(2)})`;
