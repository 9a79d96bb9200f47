export type { ExternalTrust } from '../wire/external-path.js';
export type { WireLimits } from '../wire/limits.js';
export { loadModel, parseModel, readModel, type ReadOptions } from './read-model.js';
export { type ExternalDataMode, saveModel, type SaveOptions } from './save-model.js';
export { isUnedited, serializeModel } from './write-model.js';
