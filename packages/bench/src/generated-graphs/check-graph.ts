import { checkGraph, type Model } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import { PASSES, type PipelineName, runPasses, upgradeOpset } from '@gossamer/graph/passes';
import { seededRandom } from '../seeded-random.js';
import { type GeneratedGraph, INPUT_BOUND } from './generate-graph.js';
import { type Arrays, ortRun } from './ort-run.js';

/** What one rewrite did to one graph. */
export interface Finding {
  readonly rewrite: string;
  readonly changes: number;
  /** Largest difference over what rounding allows; 0 where the bits are the same. */
  readonly worst: number;
  /** What went wrong. */
  readonly failure?: string;
}

/** A rewrite under test: a pass by itself, the default passes, an upgrade. */
interface Rewrite {
  readonly name: string;
  /** Whether every bit of the outputs must stay. */
  isExact(model: Model): boolean;
  apply(model: Model): { readonly model: Model; readonly changes: number };
}

/** Batch sizes each graph is run at. */
const BATCHES = [1, 3];
/** The opset models are raised to: the newest that ONNX Runtime 1.30 opens. */
export const RAISED = 26;

const total = (applied: readonly { readonly changes: number }[]) =>
  applied.reduce((sum, { changes }) => sum + changes, 0);

/** Every pass, by itself; then the pipelines, until nothing changes; then the opset. */
export const REWRITES: readonly Rewrite[] = [
  ...PASSES.map(({ name, exactness }) => passes(name, exactness === 'exact', [name])),
  ...(['default', 'onnxruntime'] as const).map((name) => passes(`pipeline ${name}`, false, name)),
  {
    name: `upgrade to opset ${RAISED}`,
    // From opset 19 on ONNX Runtime has another kernel for AveragePool, which adds in another order.
    isExact: (model) => ![...model.graph.nodes()].some(({ op }) => op === 'AveragePool'),
    apply: (model) => ({ model: upgradeOpset(model, RAISED), changes: RAISED - model.opset }),
  },
];

function passes(name: string, isExact: boolean, selection: PipelineName | readonly string[]): Rewrite {
  const apply = (original: Model) => {
    const { model, applied } = runPasses(original, selection, { afterPass: (_, rewritten) => checkAll(rewritten) });
    return { model, changes: total(applied) };
  };
  return { name, isExact: () => isExact, apply };
}

function checkAll(model: Model): void {
  checkGraph(model.graph);
  for (const { body } of model.functions) checkGraph(body);
}

/**
 * Runs every rewrite over a graph and compares the outputs of what is written with the original's, in ONNX Runtime at two batch sizes:
 * bit for bit where the rewrite is exact, else within the bound on rounding.
 */
export async function checkGenerated(graph: GeneratedGraph, seed: number): Promise<Finding[]> {
  const bytes = serializeModel(graph.model);
  const feeds = BATCHES.map((batch) => randomFeeds(graph, batch, seed));
  const expected = await ortRun(bytes, feeds);
  const findings: Finding[] = [];
  for (const rewrite of REWRITES) {
    if (rewrite.name.startsWith('upgrade') && graph.model.opset >= RAISED) continue;
    try {
      findings.push(await checkRewrite(rewrite, graph, bytes, feeds, expected));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      findings.push({ rewrite: rewrite.name, changes: 0, worst: Infinity, failure });
    }
  }
  if (!Buffer.from(serializeModel(graph.model)).equals(bytes)) {
    findings.push({
      rewrite: 'pipeline default',
      changes: 0,
      worst: Infinity,
      failure: 'the input of a rewrite changed',
    });
  }
  return findings;
}

async function checkRewrite(
  { name, isExact, apply }: Rewrite,
  { model, tolerance }: GeneratedGraph,
  bytes: Uint8Array,
  feeds: readonly Arrays[],
  expected: readonly Arrays[],
): Promise<Finding> {
  const { model: rewritten, changes } = apply(model);
  const written = serializeModel(rewritten);
  if (changes === 0) {
    const isSame = Buffer.from(written).equals(bytes);
    return {
      rewrite: name,
      changes,
      worst: 0,
      ...(isSame ? {} : { failure: 'no change was counted, the bytes differ' }),
    };
  }
  checkAll(parseModel(written));
  const worst = largestDifference(await ortRun(written, feeds), expected, isExact(model) ? {} : tolerance);
  return {
    rewrite: name,
    changes,
    worst,
    ...(worst <= 1 ? {} : { failure: `outputs differ by ${worst} of the bound` }),
  };
}

/** Largest |found - expected| / tolerance; a tolerance that is not given is 0, and other dims, names or NaNs are infinitely wrong. */
export function largestDifference(
  found: readonly Arrays[],
  expected: readonly Arrays[],
  tolerance: Readonly<Record<string, number>>,
): number {
  let worst = 0;
  expected.forEach((outputs, run) => {
    if (Object.keys(outputs).join() !== Object.keys(found[run]!).join()) worst = Infinity;
    for (const [name, { dims, data }] of Object.entries(outputs)) {
      const other = found[run]![name];
      if (other?.dims.join() !== dims.join()) worst = Infinity;
      data.forEach((value, i) => {
        const received = other?.data[i] ?? NaN;
        if (Object.is(received, value)) return;
        const difference = Math.abs(received - value) / (tolerance[name] ?? 0);
        worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
      });
    }
  });
  return worst;
}

/** Inputs of a graph from a seed, uniform within its bound. */
export function randomFeeds({ inputs }: GeneratedGraph, batch: number, seed: number): Arrays {
  const random = seededRandom(seed * 31 + batch);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => {
      const dims = shape.map((dim) => (dim === 'n' ? batch : dim));
      const length = dims.reduce((product, size) => product * size, 1);
      return [name, { dims, data: Float32Array.from({ length }, () => random.between(-INPUT_BOUND, INPUT_BOUND)) }];
    }),
  );
}
