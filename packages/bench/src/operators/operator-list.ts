import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasInferenceRule, weightedOperators } from '@gossamer/graph';
import { claimedOperators } from '@gossamer/graph/eval';
import { type OperatorSupport, operatorSupport } from '@gossamer/quantize';
import { type GradientCoverage, gradientCoverage } from '@gossamer/train';
import { repositoryFolder } from '../package-folder.js';

/** An operator as the standard (or ONNX Runtime, for its own domain) lists it. */
interface Listed {
  readonly domain: string;
  readonly op: string;
  /** Opset versions that define it anew. */
  readonly versions: readonly number[];
  readonly deprecated?: boolean;
  /** The standard calls it non-deterministic. */
  readonly random?: boolean;
}

/** One row of the table: an operator, and what Gossamer does with it. */
export interface OperatorRow extends Listed {
  readonly kind: string;
  readonly inference: boolean;
  readonly evaluated: boolean;
  readonly quantizable: OperatorSupport;
  /** It has a weight that is seen with its axes: what pruning cuts. */
  readonly prunable: boolean;
  readonly gradient: GradientCoverage;
}

/** Every operator of the standard's domains and of com.microsoft, from `fixtures/onnx-operators.json`. */
export function operatorRows(): OperatorRow[] {
  const path = join(repositoryFolder(), 'fixtures', 'onnx-operators.json');
  const listed = JSON.parse(readFileSync(path, 'utf8')) as readonly Listed[];
  const evaluated = new Set(claimedOperators());
  const weighted = new Set(weightedOperators());
  return listed.map((operator) => {
    const { domain, op } = operator;
    const kind = domain === '' ? op : `${domain}::${op}`;
    return {
      ...operator,
      kind,
      inference: hasInferenceRule(op, domain),
      evaluated: evaluated.has(kind),
      quantizable: operatorSupport(kind),
      prunable: weighted.has(kind),
      gradient: gradientCoverage(op, domain),
    };
  });
}
