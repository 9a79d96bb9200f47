import { type Model, Tensor, tensorType } from '@gossamer/graph';
import type { Feeds } from '@gossamer/runtime';
import { twinScope } from '../surgery/twin-scope.js';
import type { PruneGroup, PruneUnit, UnitMember } from '../groups/prune-group.js';

/** Parameters that masking sets to 0, where they are float32. */
const masked = ({ members }: PruneUnit): UnitMember[] =>
  members.filter(({ role, value }) => role === 'output' && value.constant!.dtype === 'float32');

/** True where every parameter that makes the units can be masked. */
export const isMaskable = ({ units }: PruneGroup): boolean =>
  units[0]!.members.every(({ role, value }) => role !== 'output' || value.constant!.dtype === 'float32');

/** A model whose units can be set to 0 run by run. */
export interface MaskableModel {
  readonly model: Model;
  /** What is fed beside the model's inputs: all units there, but the one. */
  without(unit?: PruneUnit): Feeds;
}

/** Multiplies every constant that makes units by a mask along the axis they are on; the masks are inputs. The model is not changed. */
export function maskInputs(model: Model, groups: readonly PruneGroup[]): MaskableModel {
  const copy = model.clone();
  const twin = twinScope(copy);
  const lengths = new Map<string, number>();
  const nameOf = ({ value, axis }: UnitMember) => `${value.graph.path}${value.name}/mask/${axis}`;
  for (const { units } of groups) {
    for (const member of masked(units[0]!)) {
      const name = nameOf(member);
      if (lengths.has(name)) continue;
      const { dims } = member.value.constant!;
      lengths.set(name, dims[member.axis]!);
      const shape = dims.map((_, axis) => (axis === member.axis ? -1 : 1));
      const graph = twin(member.value.graph)!;
      const value = graph.value(member.value.name)!;
      const input = copy.graph.addInput(name, tensorType('float32', [dims[member.axis]!]));
      const target = graph.addInitializer(`${name}/shape`, Tensor.fromNumbers('int64', [dims.length], shape));
      const [firstReader] = [...graph.nodes()];
      const before = firstReader ? { before: firstReader } : undefined;
      const along = graph.add({ op: 'Reshape', inputs: [input, target], outputs: [`${name}/along`] }, before);
      // Behind masks of other axes: the constant's readers read the last product.
      const product = graph.add(
        { op: 'Mul', inputs: [value, along.output], outputs: [`${name}/product`] },
        { after: along },
      );
      graph.replaceUses(value, product.output, ({ node }) => node === product);
    }
  }
  const ones = [...lengths].map(([name, length]) => [name, new Float32Array(length).fill(1)] as const);
  return {
    model: copy,
    without: (unit) => {
      const holes = new Map((unit ? masked(unit) : []).map((member) => [nameOf(member), member.indices]));
      return Object.fromEntries(
        ones.map(([name, all]) => {
          const mask = all.slice();
          for (const index of holes.get(name) ?? []) mask[index] = 0;
          return [name, Tensor.of('float32', [mask.length], mask)];
        }),
      );
    },
  };
}
