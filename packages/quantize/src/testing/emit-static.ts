import { GraphBuilder, inferTypes, type Model, type Node, Tensor, tensorType, type Value } from '@gossamer/graph';
import { checkGraph } from '@gossamer/graph';
import { finishModel } from '../finish-model.js';
import type { QuantizeOptions } from '../options.js';
import { ReportBuilder } from '../report.js';
import { resolveOptions } from '../resolve-options.js';
import { chooseUnits } from '../static/choose-units.js';
import { emitStatic } from '../static/emit-static.js';
import { makeStaticPlan, valuesToCalibrate } from '../static/static-plan.js';
import type { Unit } from '../static/unit.js';
import { CodeStore } from '../weights/code-store.js';
import { type Feeds, runOrt } from './ort.js';

/** Stands for calibration data where only their presence is checked. */
export const SOME_DATA = { description: 'test' } as NonNullable<QuantizeOptions['data']>;

/** Quantizes statically with min-max ranges of one run on `feeds`; returns the new model, its integer nodes and the reasons. */
export async function emitStaticWith(
  original: Model,
  feeds: Feeds,
  given: QuantizeOptions = {},
): Promise<{ model: Model; integer: string[]; reasons: Record<string, string> }> {
  const options = resolveOptions({ mode: 'static', data: SOME_DATA, ...given });
  const model = original.clone();
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, tensorType(t.dtype, t.dims)]));
  const choice = chooseUnits(model, inferTypes(model, { inputs }), options, () => undefined);
  const ranges = await observe(original, valuesToCalibrate(choice.units), feeds);
  const dropped = new Map<Unit, string>();
  const plan = makeStaticPlan(choice.units, (value) => ranges.get(value.name), options.activations, dropped);
  const reasons: Record<string, string> = {};
  for (const [node, reason] of choice.reasons) reasons[node.id] = reason;
  for (const [{ node }, reason] of dropped) reasons[node.id] = reason;
  const integer = plan.units.map(({ node }: { node: Node }) => node.id);
  await emitStatic(
    plan,
    { statistics: new Map(), samples: 0, warnings: [] },
    options,
    new CodeStore(),
    new ReportBuilder(),
  );
  finishModel(model, options, 1);
  checkGraph(model.graph);
  return { model, integer, reasons };
}

async function observe(model: Model, values: readonly Value[], feeds: Feeds) {
  const copy = model.clone();
  for (const { name } of values) {
    const value = copy.graph.value(name)!;
    if (!value.isOutput && !value.isInput) copy.graph.addOutput(value);
  }
  const results = { ...feeds, ...(await runOrt(copy, feeds)) };
  return new Map(
    values.map(({ name }) => {
      const data = results[name]!.toFloat32();
      return [name, { min: Math.min(0, ...data), max: Math.max(0, ...data) }];
    }),
  );
}

/** Deterministic numbers in [-1, 1). */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function noiseTensor(dims: readonly number[], seed = 1): Tensor {
  return Tensor.of(
    'float32',
    dims,
    noise(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ),
  );
}

export { GraphBuilder };
