import type { Node } from '../ir/node.js';
import type { Rule } from './rule.js';
import { attentionRules } from './rules/attention.js';
import { arithmeticRules, logicalRules } from './rules/binary.js';
import { castRules } from './rules/cast.js';
import { channelsLastRules } from './rules/channels-last.js';
import { classicalRules } from './rules/classical.js';
import { concatRule } from './rules/concat.js';
import { constantRules } from './rules/constant.js';
import { convRules } from './rules/conv.js';
import { einsumRule } from './rules/einsum.js';
import { expandRules } from './rules/expand.js';
import { gatherRules } from './rules/gather.js';
import { ifRule } from './rules/if.js';
import { linearAttentionRules } from './rules/linear-attention.js';
import { loopRule } from './rules/loop.js';
import { lossRules } from './rules/loss.js';
import { matMulRules, microsoftMatMulRules } from './rules/matmul.js';
import { microsoftElementwiseRules } from './rules/microsoft-elementwise.js';
import { microsoftGenerationRules } from './rules/microsoft-generation.js';
import { microsoftPackedMatMulRules } from './rules/microsoft-matmul.js';
import { microsoftPackedRules } from './rules/microsoft-packed.js';
import { microsoftStateRules } from './rules/microsoft-state.js';
import { microsoftTransformerRules } from './rules/microsoft-transformer.js';
import { microsoftVariousRules } from './rules/microsoft-various.js';
import { normalizationRules } from './rules/normalization.js';
import { padRules } from './rules/pad.js';
import { poolRules } from './rules/pool.js';
import { quantizeRules } from './rules/quantize.js';
import { recurrentRules } from './rules/recurrent.js';
import { reduceRules } from './rules/reduce.js';
import { reshapeRules } from './rules/reshape.js';
import { resizeRules } from './rules/resize.js';
import { scanRule } from './rules/scan.js';
import { selectRules } from './rules/select.js';
import { optionalRules, sequenceRules } from './rules/sequence.js';
import { shapeRules } from './rules/shape.js';
import { signalRules } from './rules/signal.js';
import { sliceRule } from './rules/slice.js';
import { splitRule } from './rules/split.js';
import { squeezeRules } from './rules/squeeze.js';
import { textRules } from './rules/text.js';
import { trainConvRules } from './rules/train-conv.js';
import { trainGatherRule } from './rules/train-gather.js';
import { trainNormalizationRules } from './rules/train-normalization.js';
import { trainPoolRules } from './rules/train-pool.js';
import { trainQuantizeRules } from './rules/train-quantize.js';
import { trainRowsRules } from './rules/train-rows.js';
import { trainingRule } from './rules/training.js';
import { transposeRule } from './rules/transpose.js';
import { elementwiseRules, followedUnaryRules, predicateRules } from './rules/unary.js';
import { whereRule } from './rules/where.js';

const RULES: readonly Rule[] = [
  ...arithmeticRules,
  ...attentionRules,
  ...castRules,
  ...channelsLastRules,
  ...classicalRules,
  concatRule,
  ...constantRules,
  ...convRules,
  einsumRule,
  ...elementwiseRules,
  ...expandRules,
  ...followedUnaryRules,
  ...gatherRules,
  ifRule,
  ...linearAttentionRules,
  ...logicalRules,
  loopRule,
  ...lossRules,
  ...matMulRules,
  ...microsoftElementwiseRules,
  ...microsoftGenerationRules,
  ...microsoftMatMulRules,
  ...microsoftPackedMatMulRules,
  ...microsoftPackedRules,
  ...microsoftStateRules,
  ...microsoftTransformerRules,
  ...microsoftVariousRules,
  ...normalizationRules,
  ...optionalRules,
  ...padRules,
  ...poolRules,
  ...predicateRules,
  ...quantizeRules,
  ...recurrentRules,
  ...reduceRules,
  ...reshapeRules,
  ...resizeRules,
  scanRule,
  ...selectRules,
  ...sequenceRules,
  ...shapeRules,
  ...signalRules,
  sliceRule,
  splitRule,
  ...squeezeRules,
  ...textRules,
  ...trainConvRules,
  trainGatherRule,
  trainingRule,
  ...trainNormalizationRules,
  ...trainPoolRules,
  ...trainQuantizeRules,
  ...trainRowsRules,
  transposeRule,
  whereRule,
];

const BY_KIND = indexRules();

function indexRules(): ReadonlyMap<string, Rule> {
  const byKind = new Map<string, Rule>();
  for (const rule of RULES) {
    for (const op of rule.ops) {
      const kind = `${rule.domain}::${op}`;
      if (byKind.has(kind)) throw new Error(`inference rules: two for ${kind}`);
      byKind.set(kind, rule);
    }
  }
  return byKind;
}

/** The rule for a node; undefined for an operator that has none. */
export function findRule(node: Node): Rule | undefined {
  return BY_KIND.get(`${node.domain}::${node.op}`);
}

/** True when operator `op` of `domain` ('' is the standard's) has a rule. */
export function hasRule(op: string, domain = ''): boolean {
  return BY_KIND.has(`${domain}::${op}`);
}

/** Every operator with a rule, as `domain::op`. */
export function ruleKinds(): string[] {
  return [...BY_KIND.keys()];
}
