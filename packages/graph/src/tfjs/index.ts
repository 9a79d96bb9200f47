export { type TfjsErrorCode } from './error-codes.js';
export { supportedLayers } from './layers-model/registry.js';
export { loadTfjsModel, parseTfjsModel, type TfjsReadOptions } from './load-model.js';
export { type QuantizationChoice } from './plan-quantization.js';
export {
  quantizeTfjsModel,
  type TfjsQuantizeOptions,
  type TfjsQuantizeResult,
  type TfjsWeightReport,
} from './quantize-model.js';
export { type TfjsSaveOptions } from './save-folder.js';
export { supportedOperators } from './graph-model/registry.js';
export { type StorageDType } from './weight-storage.js';
