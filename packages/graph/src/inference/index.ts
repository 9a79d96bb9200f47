export { inferTypes, type InferOptions } from './infer-types.js';
export { RunningTypes } from './running-types.js';
export { TypeTable } from './type-table.js';
export { defineRule, type Data, type DataArray, type InferenceContext, type Rule, type ValueInfo } from './rule.js';
export type { Shape } from './dims.js';
export { spellType } from './declared.js';
export { findRule, hasRule } from './registry.js';
export { countMacs, type LayerMacs, type MacCount } from './macs.js';
