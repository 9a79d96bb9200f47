import { weightedOperators } from '@gossamer/graph';
import { DYNAMIC_KERNELS } from './dynamic/quantize-dynamic.js';
import { INTEGER_RULES } from './static/integer-rules.js';
import { BLOCK_KERNELS } from './weight-only/quantize-weight-only.js';

/** What quantization can do with nodes of an operator, where nothing about the node stands against it. */
export interface OperatorSupport {
  /** It computes in integers after static quantization. */
  readonly static: boolean;
  /** It computes in integers after dynamic quantization. */
  readonly dynamic: boolean;
  /** How its weights are stored otherwise: in blocks of 4 or 8 bits with a kernel for them, or as 8-bit codes; undefined: it has none. */
  readonly weightOnly: 'blocks' | '8-bit' | undefined;
}

/** The modes that have something to offer to an operator `kind` (`Conv`, `com.microsoft::FusedConv`). */
export function operatorSupport(kind: string): OperatorSupport {
  const isStored = weightedOperators().includes(kind);
  return {
    static: INTEGER_RULES.has(kind),
    dynamic: DYNAMIC_KERNELS.has(kind),
    weightOnly: BLOCK_KERNELS.has(kind) ? 'blocks' : isStored ? '8-bit' : undefined,
  };
}
