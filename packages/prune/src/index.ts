export type { PruneErrorCode } from './error-codes.js';
export { gradual, type GradualOptions } from './sparsifiers/gradual.js';
export { movement } from './sparsifiers/movement.js';
export { rateAware, type RateAwareOptions } from './sparsifiers/rate-aware.js';
export { rigl, type RiglOptions } from './sparsifiers/rigl.js';
export { srSte, type SrSteOptions } from './sparsifiers/sr-ste.js';
export { surgery, type SurgeryOptions } from './sparsifiers/surgery.js';
export { type GroupOptions, groupsOf, type ModelGroups } from './groups/groups-of.js';
export type { AxisSlice, FrozenAxis, PruneGroup, PruneUnit, UnitKind, UnitMember } from './groups/prune-group.js';
export { deadUnits } from './surgery/dead-units.js';
export { maskModel } from './surgery/mask-model.js';
export { type RemovalResult, removeUnits, type RemoveOptions, type UnitReason } from './surgery/remove-units.js';
export { unitCost, type UnitCost } from './groups/unit-cost.js';
export { removeBlocks } from './surgery/remove-blocks.js';
export { type ResidualBlock, residualBlocks } from './surgery/residual-blocks.js';
export { roundKept } from './widths/round-kept.js';
export { efficientGrid } from './widths/efficient-grid.js';
export { INT8_COSTS, int8Grid } from './widths/int8-grid.js';
export type { WidthGridName } from './widths/registry.js';
export { floatGrid, measuredGrid, type WidthCost, type WidthGrid } from './widths/width-grid.js';
export { type RatioSearchOptions, type RatioSearchResult, searchRatios } from './allocation/search-ratios.js';
export { zeroMasks } from './masks/zero-masks.js';
export {
  learnVariational,
  type VariationalPruning,
  type VariationalPruningOptions,
} from './schedules/learn-variational.js';
export type { Learned, Learner, Lesson } from './schedules/learner.js';
export { type GatedModel, type GateOptions, learnGates } from './schedules/learn-gates.js';
export { lotteryTicket, type LotteryOptions } from './schedules/lottery-ticket.js';
export { type IterativeOptions, pruneIteratively } from './schedules/prune-iteratively.js';
export { recover } from './schedules/recover.js';
export { type GroupLassoOptions, type GroupLassoResult, trainGroupsSparse } from './schedules/train-groups-sparse.js';
export { type SparseTrainingOptions, type SparseTrainingResult, trainSparse } from './schedules/train-sparse.js';
export type { Round } from './schedules/rounds.js';
export type { StageOptions } from './schedules/run-stages.js';
export { pruneStructure, type PruneStructureResult } from './structure/prune-structure.js';
export {
  type PruneStructureOptions,
  STRUCTURE_PATTERNS,
  type StructureAllocation,
  type StructurePattern,
} from './structure/structure-options.js';
export type { BlockReport, GroupReport, StructureReport } from './structure/structure-report.js';
export { type PrunedWeight, pruneWeights, type PruneWeightsResult } from './prune-weights.js';
export type { PruneWeightsOptions } from './prune-weights-options.js';
export type { Threshold } from './criteria/threshold-limit.js';
export { type ThresholdShare, thresholdShares } from './threshold-shares.js';
export type { UpdateName } from './updates/registry.js';
export { elementScores, type ElementScoreOptions } from './element-scores.js';
