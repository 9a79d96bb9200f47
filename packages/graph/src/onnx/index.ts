export type { ExternalTrust } from './contained-files.js';
export { loadModel, parseModel, readModel, type ReadOptions } from './read-model.js';
