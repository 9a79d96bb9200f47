export { type LayerFilter, layerFilter, type LayerPatterns, matchesLayer } from './layer-selection.js';
export { tieEmbeddings, type TiedCopy } from './tie-embeddings.js';
export { tiedWeights } from './tied-weights.js';
export {
  arrangeAsMatrix,
  fromWeightMatrix,
  toWeightMatrix,
  type WeightLayout,
  weightLayout,
  type WeightMatrix,
} from './weight-matrix.js';
export { type WeightRole, weightedOperators } from './weight-slots.js';
export { type EditMode, storeConstant, weightsOf, weightViews, WeightView } from './weight-view.js';
