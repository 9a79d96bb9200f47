export { type TfjsErrorCode } from './error-codes.js';
export { supportedLayers } from './layers-model/registry.js';
export { loadTfjsModel, parseTfjsModel, type TfjsReadOptions } from './load-model.js';
export { supportedOperators } from './graph-model/registry.js';
