import { defineRule } from '../rule.js';

const domain = 'gossamer.train';

/** x and what else there is -> y like x. */
const likeInput = defineRule({
  op: ['FakeQuantize', 'GradientScale'],
  domain,
  infer(_, context) {
    context.set(0, context.typeOf(0));
  },
});

export const trainQuantizeRules = [likeInput];
