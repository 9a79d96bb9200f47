import { countMacs, inferTypes, type Model } from '@gossamer/graph';
import * as zoo from '@gossamer/graph/zoo';
import { groupsOf } from '../groups/groups-of.js';
import { checkRemoval, noise, randomNumbers, someUnits } from '../testing/check-removal.js';
import type { Feeds } from '../testing/ort.js';

const image = (...dims: number[]): Feeds => ({ input: noise(dims, 5) });

const MODELS: readonly [name: string, build: () => Model, feeds: Feeds, kinds: readonly string[]][] = [
  ['LeNet-5', () => zoo.leNet5(), image(2, 1, 28, 28), ['channel', 'channel', 'neuron']],
  ['LeNet-300-100', () => zoo.leNet300100(), image(2, 1, 28, 28), ['neuron', 'neuron']],
  ['ResNet-20', () => zoo.resNet20(), image(2, 1, 28, 28), new Array<string>(12).fill('channel')],
];

test.each(MODELS)('%s: removed is masked, in ONNX Runtime', async (_, build, feeds, kinds) => {
  const model = build();
  expect(groupsOf(model).groups.map(({ kind }) => kind)).toEqual(kinds);
  const units = someUnits(model, 0.4, randomNumbers(3));
  const { removed, kept, model: pruned } = await checkRemoval(model, feeds, units);
  expect(kept).toEqual([]);
  expect(removed.length).toBe(units.length);
  const macs = (m: Model) => countMacs(m, inferTypes(m)).total!;
  expect(macs(pruned)).toBeLessThan(0.8 * macs(model));
});
