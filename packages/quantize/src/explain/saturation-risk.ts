import type { Model } from '@gossamer/graph';
import { type Feeds, float32View, Session } from '@gossamer/runtime';
import { countSaturation, emptyCount } from '../saturation/measure-saturation.js';
import { type PairLayout, pairLayout } from '../saturation/pair-layout.js';
import { type Pair, pairsAtRisk } from '../saturation/pairs-at-risk.js';
import type { SaturationRisk } from './explanation.js';
import { type ValueCodes, valueCodes, weightCodes } from './input-codes.js';

/** Beyond this many pair sums a sample a layer is judged by its pairs alone. */
const MOST_SUMS = 2e8;

interface Suspect {
  readonly layer: string;
  readonly input: string;
  readonly output: string;
  readonly codes: ValueCodes;
  readonly layout: PairLayout;
  readonly scales: Float32Array;
  readonly risky: readonly Pair[];
}

/**
 * What CPUs without VNNI would cut off each uint8 x int8 layer of `quantized`: pairs at risk by the ranges of the input channels (`rangesOf`), then counted
 * on what the float model computes. This is a simulation: nothing is run on such a CPU.
 */
export async function saturationRisks(
  float: Model,
  quantized: Model,
  rangesOf: (input: string) => { readonly min: Float32Array; readonly max: Float32Array } | undefined,
  feeds: readonly Feeds[],
): Promise<Map<string, SaturationRisk>> {
  const risks = new Map<string, SaturationRisk>();
  const suspects: Suspect[] = [];
  const floats = new Map([...float.graph.nodes()].map((node) => [node.id, node]));
  for (const node of quantized.graph.nodes()) {
    const own = floats.get(node.id);
    const weight = own && weightCodes(node);
    const input = own?.input(0);
    const codes = input && valueCodes(quantized, input.name);
    const layout = weight && codes && pairLayout(node, weight.codes);
    if (!layout) continue;
    const risky = pairsAtRisk(layout, boundsOf(codes, rangesOf(input.name)));
    const pairs = layout.rows * Math.floor(layout.columns / 2);
    risks.set(node.id, { pairsAtRisk: risky.length, pairs, saturated: 0, sqnrDb: Infinity });
    if (risky.length === 0) continue;
    const { scales } = weight;
    suspects.push({ layer: node.id, input: input.name, output: own.output.name, codes, layout, scales, risky });
  }
  for (const [layer, counted] of await countAll(float, suspects, feeds))
    risks.set(layer, { ...risks.get(layer)!, ...counted });
  return risks;
}

function boundsOf({ scale, zeroPoint }: ValueCodes, ranges: { min: Float32Array; max: Float32Array } | undefined) {
  if (!ranges) return { low: [0], high: [255] };
  const code = (x: number) => Math.min(255, Math.max(0, Math.round(x / scale) + zeroPoint));
  return {
    low: Array.from(ranges.min, (x) => code(Math.min(0, x))),
    high: Array.from(ranges.max, (x) => code(Math.max(0, x))),
  };
}

async function countAll(float: Model, suspects: readonly Suspect[], feeds: readonly Feeds[]) {
  const copy = float.clone();
  for (const name of new Set(suspects.flatMap(({ input, output }) => [input, output]))) {
    const value = copy.graph.value(name)!;
    if (!value.isOutput && !value.isInput) copy.graph.addOutput(value);
  }
  const results = new Map<string, Pick<SaturationRisk, 'saturated' | 'sqnrDb'>>();
  if (suspects.length === 0) return results;
  const counts = suspects.map(({ layout }) => ({ count: emptyCount(layout), signal: 0, isCounted: true }));
  const session = await Session.open(copy);
  try {
    for (const feed of feeds) {
      const values = { ...feed, ...(await session.run(feed)) };
      suspects.forEach(({ layer, input, output, layout, codes, risky }, i) => {
        const entry = counts[i]!;
        const [x, y] = [values[input]!, values[output]!];
        const sums = (y.length / layout.rows) * risky.length;
        const node = [...float.graph.nodes()].find(({ id }) => id === layer)!;
        const isCounted =
          sums <= MOST_SUMS && countSaturation(entry.count, node, layout, risky, float32View(x), x.dims, codes);
        entry.isCounted &&= isCounted;
        entry.signal += float32View(y).reduce((sum, value) => sum + value * value, 0);
      });
    }
  } finally {
    await session.dispose();
  }
  suspects.forEach(({ layer, codes, scales }, i) => {
    const { count, signal, isCounted } = counts[i]!;
    const noise = count.squaredExcess.reduce((sum, square, row) => {
      const unit = codes.scale * scales[scales.length === 1 ? 0 : row]!;
      return sum + square * unit * unit;
    }, 0);
    const saturated = isCounted && count.pairs > 0 ? count.saturated / count.pairs : undefined;
    const sqnrDb = isCounted ? (noise > 0 ? 10 * Math.log10(signal / noise) : Infinity) : undefined;
    results.set(layer, { saturated, sqnrDb });
  });
  return results;
}
