import type { Model } from '@gossamer/graph';
import { groupsOf } from '../groups/groups-of.js';
import type { PruneUnit, UnitMember } from '../groups/prune-group.js';

/**
 * Units that say nothing any more: all weights that read them are 0, or all weights and biases that make them. Of a group where this is true of all, the first stays: `removeUnits` takes the rest away without a
 * change of what the model computes.
 */
export function deadUnits(model: Model): PruneUnit[] {
  return groupsOf(model).groups.flatMap(({ units }) => {
    const dead = units.filter(({ members }) =>
      (['output', 'input'] as const).some((role) => {
        const own = members.filter((member) => member.role === role);
        return own.length > 0 && own.every(isZero);
      }),
    );
    return dead.length === units.length ? dead.slice(1) : dead;
  });
}

const constantOf = ({ value }: UnitMember) => (value.constant ?? value.initializer)!;

function isZero(member: UnitMember): boolean {
  const { dims } = constantOf(member);
  const data = constantOf(member).toFloat32();
  const inner = dims.slice(member.axis + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(0, member.axis).reduce((a, b) => a * b, 1);
  for (let i = 0; i < outer; i++) {
    for (const index of member.indices) {
      const first = (i * dims[member.axis]! + index) * inner;
      if (data.subarray(first, first + inner).some((value) => value !== 0)) return false;
    }
  }
  return true;
}
