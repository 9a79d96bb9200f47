export type { SafetensorsLimits } from './limits.js';
export { loadSafetensors } from './load-safetensors.js';
export { parseSafetensors, readSafetensors, type Safetensors, type SafetensorsOptions } from './read-safetensors.js';
export { saveSafetensors, type SafetensorsContent, serializeSafetensors } from './write-safetensors.js';
