export type { PruneErrorCode } from './error-codes.js';
export { gradual, type GradualOptions } from './sparsifiers/gradual.js';
export { movement, type MovementOptions } from './sparsifiers/movement.js';
export { rigl, type RiglOptions } from './sparsifiers/rigl.js';
export { surgery, type SurgeryOptions } from './sparsifiers/surgery.js';
export { type GroupOptions, groupsOf, type ModelGroups } from './groups/groups-of.js';
export type { AxisSlice, FrozenAxis, PruneGroup, PruneUnit, UnitKind, UnitMember } from './groups/prune-group.js';
export { maskModel } from './surgery/mask-model.js';
export { type RemovalResult, removeUnits, type RemoveOptions, type UnitReason } from './surgery/remove-units.js';
