export {
  type DType,
  dtypeBits,
  dtypeByteLength,
  dtypeCode,
  dtypeFromCode,
  isFloat,
  isInteger,
  parseDType,
} from './dtype.js';
export { GossamerError, isGossamerError } from './errors.js';
export { attribute, Attribute, type AttributeType, type AttributeValue } from './ir/attribute.js';
export { checkGraph } from './ir/check.js';
export {
  addDims,
  bindDim,
  type Dim,
  type DimBindings,
  divideDims,
  equalDims,
  floorDivideDims,
  multiplyDims,
  subtractDims,
  symbol,
  SymbolicDim,
} from './ir/dim.js';
export { Graph, type Owner } from './ir/graph.js';
export type { NodeSpec, Position } from './ir/node-spec.js';
export { type FunctionDefinition, Model, type ModelFields } from './ir/model.js';
export { Node, type Slots } from './ir/node.js';
export { decodeFloat, encodeFloat, roundHalfEven } from './ir/small-float.js';
export type { StateLink } from './ir/state-link.js';
export { bodyModel, capturesOf } from './ir/body-model.js';
export { copyNodes } from './ir/clone.js';
export { subModel } from './ir/sub-model.js';
export { elementCount, Tensor, type TensorData, type TensorStorage } from './ir/tensor.js';
export { type SparseTensor, type Use, Value } from './ir/value.js';
export { tensorType, type TensorType, type ValueType } from './ir/value-type.js';
export {
  arrangeAsMatrix,
  type EditMode,
  fromWeightMatrix,
  type LayerFilter,
  layerFilter,
  type LayerPatterns,
  matchesLayer,
  storeConstant,
  type TiedCopy,
  tieEmbeddings,
  tiedWeights,
  toWeightMatrix,
  weightedOperators,
  type WeightLayout,
  weightLayout,
  type WeightMatrix,
  type WeightRole,
  weightsOf,
  weightViews,
  WeightView,
} from './weights/index.js';
export { type BuilderOptions, GraphBuilder, type OpOptions, type PlainAttribute, toAttribute } from './builder.js';
export {
  countMacs,
  hasRule as hasInferenceRule,
  inferTypes,
  type InferOptions,
  type LayerMacs,
  type MacCount,
  RunningTypes,
  TypeTable,
} from './inference/index.js';
