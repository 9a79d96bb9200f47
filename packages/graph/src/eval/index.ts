export type { EvalSequence, EvalTensor, EvalValue, Precision } from './eval-value.js';
export {
  canEvaluate,
  evaluate,
  evaluateNode,
  type EvaluateNodeOptions,
  type EvaluateOptions,
  evaluateValues,
} from './evaluate.js';
