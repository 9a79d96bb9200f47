import { countMacs, inferTypes, type Model } from '@gossamer/graph';
import { mobileNetV2, resNet20, tagger, tinyLm, uNet } from '@gossamer/graph/zoo';
import { removeUnits } from '../surgery/remove-units.js';
import { groupsOf } from './groups-of.js';
import { unitCost } from './unit-cost.js';

const parameters = (model: Model) =>
  [...model.graph.initializers()].reduce(
    (sum, { initializer }) => sum + (initializer!.dtype === 'float32' ? initializer!.length : 0),
    0,
  );
const macs = (model: Model) => countMacs(model, inferTypes(model)).known;

test.each([
  ['ResNet-20', () => resNet20()],
  ['U-Net', () => uNet({ channels: 4, depth: 2 })],
  ['tagger', () => tagger({ vocabulary: 30, width: 8, hidden: 6 })],
  ['tiny LM', () => tinyLm({ layers: 1, width: 32, heads: 4, vocabulary: 40, context: 8 })],
  ['MobileNetV2', () => mobileNetV2({ batchNorm: true })],
])('%s: what a unit costs is what the model has less without it', (_, build) => {
  const model = build();
  const types = inferTypes(model);
  for (const { units } of groupsOf(model).groups.slice(0, 8)) {
    const { model: smaller, removed } = removeUnits(model, [units[0]!]);
    expect(removed).toHaveLength(1);
    expect(unitCost(model, units[0]!, types)).toEqual({
      parameters: parameters(model) - parameters(smaller),
      macs: macs(model) - macs(smaller),
    });
  }
});
