export { Budget } from './budget.js';
export { denseTensor } from './dense.js';
export type { EvalMap, EvalSequence, EvalTensor, EvalValue, Precision } from './eval-value.js';
export { claimedOperators } from './registry.js';
export {
  canEvaluate,
  evaluate,
  evaluateNode,
  type EvaluateNodeOptions,
  type EvaluateOptions,
  evaluateValues,
} from './evaluate.js';
