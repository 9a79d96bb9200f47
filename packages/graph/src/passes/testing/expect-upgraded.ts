import type { Graph } from '../../ir/graph.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { upgradeOpset } from '../upgrade/upgrade-opset.js';
import { checkModel, kinds } from './check-pass.js';
import { expectEqualBits, sqnrDb } from './compare.js';
import { Referee } from './ort-session.js';

/** ONNX Runtime has another kernel for AveragePool from opset 19 on, which adds in another order: rounding alone (2^-24: 144 dB) differs. */
export const poolsAnew = (model: Model, target: number) =>
  model.opset < 19 && target >= 19 && kinds(model).includes('AveragePool');
const MIN_SQNR_DB = 100;

/** The newest opset that onnxruntime-node 1.30 opens. */
export const NEWEST_OF_RUNTIME = 26;

/** Upgrades, checks every invariant, and that outputs stay bitwise equal in ONNX Runtime (but for pools, see above). */
export async function expectUpgraded(
  model: Model,
  feeds: readonly Record<string, Tensor>[],
  target = 21,
): Promise<Model> {
  const before = [kinds(model), model.opset, model.irVersion];
  const upgraded = upgradeOpset(model, target);
  checkModel(upgraded);
  checkModel(model);
  expect([kinds(model), model.opset, model.irVersion]).toEqual(before);
  expect(upgraded.opset).toBe(target);
  const names = (graph: Graph) => [graph.inputs.map(String), graph.outputs.map(String)];
  expect(names(upgraded.graph)).toEqual(names(model.graph));
  const [old, fresh] = [await Referee.open(model), await Referee.open(upgraded)];
  for (const fed of feeds) {
    const [found, expected] = [await fresh.run(fed), await old.run(fed)];
    if (poolsAnew(model, target)) expect(sqnrDb(found, expected)).toBeGreaterThan(MIN_SQNR_DB);
    else expectEqualBits(found, expected);
  }
  await Promise.all([old.close(), fresh.close()]);
  return upgraded;
}
