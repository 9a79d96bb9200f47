import { combineData } from '../data-array.js';
import { elementsEqual } from '../integer-math.js';
import { defineRule } from '../rule.js';
import { broadcastInputs } from './binary.js';

/** Where: picks elements of inputs 1 and 2 by a condition, all three broadcast. */
export const whereRule = defineRule({
  op: 'Where',
  infer(_, context) {
    const data = combineData([context.arrayOf(0), context.arrayOf(1), context.arrayOf(2)], (condition, x, y) => {
      if (condition !== undefined) return condition === 0 ? y : x;
      return elementsEqual(x, y) ? x : undefined;
    });
    context.setTensor(0, context.dtypeOf(1) ?? context.dtypeOf(2), broadcastInputs(context, [0, 1, 2]), data);
  },
});
