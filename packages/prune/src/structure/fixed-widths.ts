import type { KeptCounts, ScoredGroup } from './allocation/allocation-problem.js';

/** The counts that `widths` say; a name that picks no group, or asks for more than a group has, is a warning. */
export function fixedWidths(
  groups: readonly ScoredGroup[],
  widths: Readonly<Record<string, number>>,
  warn: (text: string) => void,
): KeptCounts {
  const kept = groups.map(({ group }) => group.units.length);
  for (const [name, width] of Object.entries(widths)) {
    const picks = globOf(name);
    const picked = groups.flatMap(({ group }, i) => (picks(group.id) ? [i] : []));
    if (picked.length === 0)
      warn(`widths ${JSON.stringify(name)}: expected a group id or a glob over ids, no group matches`);
    for (const i of picked) {
      const { id, units } = groups[i]!.group;
      if (width > units.length) warn(`widths ${JSON.stringify(name)}: ${id} has ${units.length} units, not ${width}`);
      kept[i] = Math.min(units.length, width);
    }
  }
  return kept;
}

/** `*` stands for any characters, `?` for one. */
function globOf(name: string): (id: string) => boolean {
  const expression = name
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${expression}$`, 's');
  return (id) => id === name || pattern.test(id);
}
