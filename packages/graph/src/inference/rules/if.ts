import { scalarOf } from '../arguments.js';
import { mergeInfos } from '../merge.js';
import { defineRule } from '../rule.js';

/** If: what both branches have in common; where the condition is known, what the branch taken gives. */
export const ifRule = defineRule({
  op: 'If',
  infer(node, context) {
    const [taken, other] = [node.subgraph('then_branch'), node.subgraph('else_branch')];
    if (!taken || !other) throw context.error('branches', 'then_branch and else_branch', 'one of them');
    const condition = scalarOf(context, 0);
    // A branch that is never taken may be wrong for these shapes: exporters guard Squeeze that way.
    const yes = context.inferSubgraph(taken, [], condition === 0);
    const no = context.inferSubgraph(other, [], condition === 1);
    if (yes.length !== no.length)
      throw context.error('branches', 'equally many outputs', `${yes.length} and ${no.length}`);
    yes.forEach((info, output) => {
      const otherwise = no[output]!;
      context.setInfo(
        output,
        condition === undefined ? mergeInfos(info, otherwise) : condition === 0 ? otherwise : info,
      );
    });
  },
});
