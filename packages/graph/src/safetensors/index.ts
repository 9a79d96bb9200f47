export type { SafetensorsLimits } from './limits.js';
export {
  loadSafetensors,
  parseSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsOptions,
} from './read-safetensors.js';
export { saveSafetensors, type SafetensorsContent, serializeSafetensors } from './write-safetensors.js';
