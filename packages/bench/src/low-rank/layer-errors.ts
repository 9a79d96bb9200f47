import { toWeightMatrix, type Model, weightsOf } from '@gossamer/graph';
import { choleskyAsync, largeSingularValues, multiplyMatrices, transposeMatrix } from '@gossamer/kernels';
import { type DataSource, inputMoments, layerwise } from '@gossamer/runtime';

/** Errors of one layer's output at every rank, 1 to the smaller side, as a share of the output's power on the samples. */
export interface LayerErrors {
  readonly layer: string;
  readonly rows: number;
  readonly columns: number;
  /** [rank - 1], on held-out samples. */
  readonly plain: Float64Array;
  readonly whitened: Float64Array;
  /** [rank - 1], on the samples that were whitened with. */
  readonly plainOwn: Float64Array;
  readonly whitenedOwn: Float64Array;
  /** Largest distance, over the ranks, of `whitenedOwn` from the sum of the squares of the singular values that are left out. */
  readonly identity: number;
}

/** Added to the moment's diagonal, as a share of its mean: what `factorize` begins with. */
const DAMPING = 1e-10;

/**
 * What plain and whitened SVD lose of some layers' outputs. A cut to rank r is a projection of the output on the first r directions, so that its error on any samples
 * with C = W (mean of x xᵀ) Wᵀ is tr C - Σ_{i <= r} u_iᵀ C u_i: one decomposition has all ranks.
 */
export async function layerErrors(
  model: Model,
  names: readonly string[],
  calibration: DataSource,
  heldOut: DataSource,
  signal: AbortSignal,
): Promise<LayerErrors[]> {
  const [own, others] = [
    await momentsOf(model, names, calibration, signal),
    await momentsOf(model, names, heldOut, signal),
  ];
  const found: LayerErrors[] = [];
  for (const name of names) {
    const { weight, rows, columns, moment } = own.get(name)!;
    const upper = await choleskyAsync(damped(moment, columns), columns);
    const across = multiplyMatrices(weight, transposeMatrix(upper, columns, columns), rows, columns, columns);
    const directions = {
      plain: largeSingularValues(weight, rows, columns),
      whitened: largeSingularValues(across, rows, columns),
    };
    const [powerOwn, powerOthers] = [
      outputPower(weight, moment, rows, columns),
      outputPower(weight, others.get(name)!.moment, rows, columns),
    ];
    const whitenedOwn = lost(powerOwn, directions.whitened.u, rows);
    found.push({
      ...{ layer: name, rows, columns },
      plain: lost(powerOthers, directions.plain.u, rows),
      whitened: lost(powerOthers, directions.whitened.u, rows),
      plainOwn: lost(powerOwn, directions.plain.u, rows),
      whitenedOwn,
      identity: furthest(whitenedOwn, directions.whitened.values),
    });
  }
  return found;
}

interface LayerMoment {
  readonly weight: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly moment: Float64Array;
}

async function momentsOf(
  model: Model,
  names: readonly string[],
  data: DataSource,
  signal: AbortSignal,
): Promise<Map<string, LayerMoment>> {
  const nodes = [...model.graph.nodes()].filter((node) => names.includes(node.name));
  const found = new Map<string, LayerMoment>();
  const walk = await layerwise(model, nodes, data, { streams: 'quantized', signal });
  for await (const step of walk) {
    for (const [view, moments] of await inputMoments(step, step.views, { seed: 0 })) {
      const { rows, columns, data: weight } = toWeightMatrix(view);
      if (moments)
        found.set(view.node.name, { weight: Float64Array.from(weight), rows, columns, moment: moments.second[0]! });
    }
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new Error(
      `${missing.join()}: expected layers of a weight with inputs, of ${nodes.map((node) => `${node.name} (${weightsOf(node).length})`).join()}`,
    );
  return found;
}

function damped(moment: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += moment[i * n + i]!;
  const shifted = moment.slice();
  for (let i = 0; i < n; i++) shifted[i * n + i]! += (DAMPING * trace) / n;
  return shifted;
}

/** C = W M Wᵀ, [rows, rows]. */
function outputPower(weight: Float64Array, moment: Float64Array, rows: number, columns: number): Float64Array {
  const half = multiplyMatrices(weight, moment, rows, columns, columns);
  return multiplyMatrices(half, transposeMatrix(weight, rows, columns), rows, columns, rows);
}

/** Of each rank, as a share of tr C; `u` has orthonormal rows. */
function lost(power: Float64Array, u: Float64Array, rows: number): Float64Array {
  const count = u.length / rows;
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += power[i * rows + i]!;
  const turned = multiplyMatrices(u, power, count, rows, rows);
  let rest = trace;
  return Float64Array.from({ length: count }, (_, i) => {
    let kept = 0;
    for (let j = 0; j < rows; j++) kept += turned[i * rows + j]! * u[i * rows + j]!;
    rest -= kept;
    return rest / trace;
  });
}

function furthest(errors: Float64Array, values: Float64Array): number {
  const total = values.reduce((sum, value) => sum + value ** 2, 0);
  let [rest, most] = [total, 0];
  errors.forEach((error, i) => {
    rest -= values[i]! ** 2;
    most = Math.max(most, Math.abs(error - rest / total));
  });
  return most;
}
