import { weightLayout, type WeightView } from '@gossamer/graph';

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16']);

/** Smaller side of a matrix whose singular values are found: time grows with its cube, and cannot be interrupted. */
const MOST = 4096;

/** What no method can factor, whatever its weight holds; undefined: some can. */
export function refuseLayer(view: WeightView): string | undefined {
  const { node, stored, chain, shape, groups, inputIndex } = view;
  if (view.isQuantized) return 'its weight is quantized already';
  if (!['Conv', 'Gemm', 'MatMul'].some((op) => node.isStandard(op))) return `${node.kind} has no factored form`;
  if (!FLOATS.has(stored.dtype)) return `its weight is ${stored.dtype}: factors are float32, float16 or bfloat16`;
  if (chain.some(({ op }) => op === 'Cast')) return 'its weight is stored in one type and computed in another';
  if (groups !== 1) return `it has ${groups} groups: only convolutions of one are factored`;
  if (node.op === 'Gemm' && inputIndex === 0) return 'its weight is the left operand of a Gemm';
  if (node.op === 'MatMul' && shape.length !== 2) return `its weight is a stack of shape [${shape.join(', ')}]`;
  const { rows, columns } = weightLayout(view);
  if (Math.min(rows, columns) > MOST)
    return `its smaller side is ${Math.min(rows, columns)}: at most ${MOST} is factored`;
  return undefined;
}
