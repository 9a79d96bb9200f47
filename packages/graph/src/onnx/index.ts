export type { ExternalTrust } from './contained-files.js';
export { loadModel, parseModel, readModel, type ReadOptions } from './read-model.js';
export { saveModel, type SaveOptions } from './save-model.js';
export { serializeModel } from './write-model.js';
