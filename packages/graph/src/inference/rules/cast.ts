import { type DType, dtypeBits, dtypeFromCode, isFloat, isInteger } from '../../dtype.js';
import type { Dim } from '../../ir/dim.js';
import { divideDims, multiplyDims } from '../../ir/dim.js';
import { CLAMP } from '../constant-data.js';
import { requireRankFrom } from '../arguments.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** The dtype an attribute names by its ONNX code; undefined for codes of newer standards. */
export function dtypeOfCode(context: InferenceContext, name: string, code: number | undefined): DType | undefined {
  if (code === undefined || code === 0) throw context.error(name, 'a data type', code);
  return dtypeFromCode(code);
}

function inferCast(context: InferenceContext, dtype: DType | undefined): void {
  const from = context.dtypeOf(0);
  const data = context.dataOf(0)?.map((element) => castElement(element, from, dtype));
  context.setTensor(0, dtype, context.shapeOf(0), data);
}

/** Floats are truncated toward zero by casts to integers, everything but 0 is true; values the new type cannot hold are unknown. */
function castElement(element: Dim, from: DType | undefined, to: DType | undefined): Dim {
  if (element === undefined || from === undefined || to === undefined) return undefined;
  if (typeof element !== 'number') return to === 'bool' ? undefined : element;
  if (to === 'bool') return Number(element !== 0);
  // A clamped bound stays one: INT64_MAX cast to a float is as good as infinite.
  if (Math.abs(element) >= CLAMP) return to === 'int64' ? element : undefined;
  return isFloat(from) && isInteger(to) ? Math.trunc(element) : element;
}

export const castRules = [
  defineRule({
    op: 'Cast',
    infer: (node, context) => inferCast(context, castTarget(context, node.attributes.get('to')?.content)),
  }),
  defineRule({ op: 'CastLike', infer: (_, context) => inferCast(context, context.dtypeOf(1)) }),
  defineRule({
    op: 'BitCast',
    infer(node, context) {
      const to = dtypeOfCode(context, 'to', node.int('to', undefined));
      const from = context.dtypeOf(0);
      const shape = requireRankFrom(context, 0, 0);
      if (!shape || !to || !from || dtypeBits(to) === dtypeBits(from)) return context.setTensor(0, to, shape);
      return context.setTensor(0, to, recount(shape, dtypeBits(from), dtypeBits(to)));
    },
  }),
];

/** `to` is an integer since version 6, the name of a TensorProto type before. */
function castTarget(
  context: InferenceContext,
  content: { type: string; value?: unknown } | undefined,
): DType | undefined {
  if (content?.type !== 'string') return dtypeOfCode(context, 'to', Number(content?.value ?? 0));
  const name = new TextDecoder().decode(content.value as Uint8Array).toLowerCase();
  const legacy: Record<string, DType> = { float: 'float32', double: 'float64' };
  return legacy[name] ?? (name as DType);
}

/** The last axis holds `from`-bit elements that become `to`-bit ones. */
function recount(shape: readonly Dim[], from: number, to: number): Dim[] {
  const last = multiplyDims(shape.at(-1), from);
  return [...shape.slice(0, -1), divideDims(last, to)];
}
