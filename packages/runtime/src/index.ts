export type { RuntimeErrorCode } from './error-codes.js';
export { dataFromArrays } from './data/array-source.js';
export type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data/data-source.js';
export { DATA_KINDS, openData } from './data/open-data.js';
export { type Interpolation, type Preprocess, readPreprocess } from './data/preprocess.js';
export type { Feeds, Outputs } from './session/feeds.js';
export { modelInputs, modelOutputs, type PortDim, type PortSpec } from './session/port-spec.js';
export { float32View, sliceRows, typedView } from './session/tensor-view.js';
