import { type Calibrator, observedRange } from './range.js';

/** All values seen. */
export const minmax: Calibrator = {
  name: 'minmax',
  needsHistogram: false,
  choose: (statistics, options) => observedRange(statistics, options.mapping),
};
