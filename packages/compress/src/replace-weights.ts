import { GossamerError, isFloat, type Model, Tensor, type Value } from '@gossamer/graph';
import type { CompressErrorCode } from './error-codes.js';
import { readWeightsMap, type WeightSource } from './weights-map.js';

/**
 * Puts the tensors of safetensors (a file, an index or a folder) in the place of the initializers of the same names, in the initializers'
 * dtype (floats are rounded to it). `mapPath` is a JSON file that names the tensor of an initializer called otherwise, see `readWeightsMap`.
 *
 * Returns warnings about tensors and weights without a counterpart; throws ERR_WEIGHTS when none matches, a shape or kind differs, or
 * the map names what is not there.
 */
export async function replaceWeights(model: Model, path: string, mapPath?: string): Promise<string[]> {
  const { loadSafetensors } = await import('@gossamer/graph/safetensors');
  const map = mapPath === undefined ? new Map<string, WeightSource>() : await readWeightsMap(mapPath);
  const { tensors, close } = await loadSafetensors(path);
  try {
    return replaceAll(model, path, tensors, map);
  } catch (error) {
    close();
    throw error;
  }
}

function replaceAll(
  model: Model,
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  map: ReadonlyMap<string, WeightSource>,
): string[] {
  const initializers = [...model.scopes()].flatMap((scope) =>
    Array.from(scope.initializers()).filter((value) => value.initializer !== undefined),
  );
  checkMap(map, new Set(initializers.map(({ name }) => name)), tensors);
  const used = new Set<string>();
  const left: string[] = [];
  for (const value of initializers) {
    const source = map.get(value.name) ?? { tensor: value.name, transpose: false };
    const tensor = tensors.get(source.tensor);
    const stored = value.initializer!;
    if (tensor) {
      used.add(source.tensor);
      replace(value, source, tensor, stored);
    } else if (isFloat(stored.dtype) && stored.length > 1) {
      left.push(value.name);
    }
  }
  if (used.size === 0) {
    throw refuse(`${path}: expected tensors named like the model's initializers, received none of ${tensors.size}`);
  }
  const strangers = [...tensors.keys()].filter((name) => !used.has(name));
  return [
    ...(strangers.length === 0
      ? []
      : [`weights: ${strangers.length} tensors have no initializer of their name: ${some(strangers)}`]),
    ...(left.length === 0 ? [] : [`weights: ${left.length} initializers keep what they held: ${some(left)}`]),
  ];
}

function some(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '');
}

function checkMap(
  map: ReadonlyMap<string, WeightSource>,
  initializers: ReadonlySet<string>,
  tensors: ReadonlyMap<string, Tensor>,
): void {
  for (const [name, { tensor }] of map) {
    if (!initializers.has(name)) throw refuse(`weights map: expected names of initializers, received ${name}`);
    if (!tensors.has(tensor)) throw refuse(`weights map: expected names of tensors, received ${tensor} for ${name}`);
  }
}

function replace(value: Value, { tensor: name, transpose }: WeightSource, tensor: Tensor, stored: Tensor): void {
  const fitting = transpose ? transposed(name, tensor) : tensor;
  value.graph.setInitializer(value, asStored(value.name, fitting, stored));
}

/** The transpose of a matrix of floats. */
function transposed(name: string, tensor: Tensor): Tensor {
  const [rows, columns] = tensor.dims;
  if (tensor.dims.length !== 2 || !isFloat(tensor.dtype)) {
    throw refuse(`weights map: expected a matrix of floats to transpose, received ${name} as ${spell(tensor)}`);
  }
  const data = tensor.toFloat64();
  const turned = Float64Array.from(data, (_, to) => data[(to % rows!) * columns! + Math.floor(to / rows!)]!);
  return Tensor.fromNumbers(tensor.dtype, [columns!, rows!], turned);
}

function asStored(name: string, tensor: Tensor, stored: Tensor): Tensor {
  const isAlike = tensor.dtype === stored.dtype || (isFloat(tensor.dtype) && isFloat(stored.dtype));
  if (!isAlike || tensor.dims.join() !== stored.dims.join()) {
    const isTurned = tensor.dims.length === 2 && [...tensor.dims].reverse().join() === stored.dims.join();
    const hint = isTurned ? ' (its transpose fits: name it in a weights map with "transpose": true)' : '';
    throw refuse(`weights: expected ${name} as ${spell(stored)}, received ${spell(tensor)}${hint}`);
  }
  if (tensor.dtype === stored.dtype) return tensor;
  const numbers = stored.dtype === 'float64' ? tensor.toFloat64() : tensor.toFloat32();
  return Tensor.fromNumbers(stored.dtype, stored.dims, numbers);
}

const spell = ({ dtype, dims }: Tensor) => `${dtype}[${dims.join(', ')}]`;

const refuse = (message: string) => new GossamerError<CompressErrorCode>('ERR_WEIGHTS', message);
