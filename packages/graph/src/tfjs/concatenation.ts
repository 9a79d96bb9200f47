import type { Emitter } from './emitter.js';
import { axisChannelsFirst, channelsFirstOperand, type Operand, plainOperand } from './operand.js';
import { normalAxes } from './reduction.js';

/** Joins operands along `axis`, in the layout that more of them have. */
export function concatenation(e: Emitter, operands: readonly Operand[], axis: number): Operand {
  if (operands.length === 0) throw e.error('inputs', 'one or more', 0);
  const rank = operands.map((operand) => e.shapeOf(operand)?.length).find((found) => found !== undefined);
  if (rank === undefined) {
    if (axis < 0) throw e.error('axis', 'one >= 0 where no rank is known', axis);
    return plainOperand(
      e.op(
        'Concat',
        operands.map((operand) => e.plain(operand)),
        { axis },
      ),
    );
  }
  const [normal] = normalAxes(e, [axis], rank) as [number];
  const first = operands.filter((operand) => operand.channelsFirst).length;
  if (rank >= 3 && first * 2 >= operands.length) {
    const values = operands.map((operand) => e.channelsFirst(operand));
    return channelsFirstOperand(e.op('Concat', values, { axis: axisChannelsFirst(normal, rank) }));
  }
  return plainOperand(
    e.op(
      'Concat',
      operands.map((operand) => e.plain(operand)),
      { axis: normal },
    ),
  );
}
