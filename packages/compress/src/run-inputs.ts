import { existsSync } from 'node:fs';
import { GossamerError, type Tensor } from '@gossamer/graph';
import { castTensor, type Feeds, openData, type PortSpec, readNpy, readNpz, type Session } from '@gossamer/runtime';

/** What an input is fed, and where it came from: a file, or 'random'. */
export interface RunInput {
  readonly from: string;
  readonly tensor: Tensor;
}

/** Where inputs come from. */
export interface RunInputsOptions {
  /** FILE.npz (arrays by input name), NAME=FILE.npy, or FILE.npy for the one input of a model. Default: none. */
  readonly inputs?: readonly string[];
  /** Sizes of symbolic dimensions of random inputs. */
  readonly bind?: Readonly<Record<string, number>>;
  readonly seed?: number;
}

/** The file that an item of `inputs` names, and for which input. */
export function inputFile(item: string): { readonly path: string; readonly name: string | undefined } {
  const equals = item.indexOf('=');
  // A path may hold an equals sign itself.
  if (equals <= 0 || existsSync(item)) return { path: item, name: undefined };
  return { path: item.slice(equals + 1), name: item.slice(0, equals) };
}

/**
 * Tensors for every input of a session that needs one: those of files, cast where their type is a neighbour; without any file all random.
 * Throws ERR_FEEDS for an array that is no input, or an input that no file holds; ERR_DATA_FILE.
 */
export async function runInputs(session: Session, options: RunInputsOptions): Promise<Record<string, RunInput>> {
  const files = options.inputs ?? [];
  if (files.length === 0) return drawInputs(session.inputs, options);
  const found: Record<string, RunInput> = {};
  for (const item of files) {
    const { path, name } = inputFile(item);
    for (const [key, tensor] of Object.entries(await readArrays(path, name, session.inputs))) {
      const port = session.inputs.find((input) => input.name === key);
      if (!port || found[key]) {
        const names = session.inputs.map((input) => input.name).join(', ');
        throw new GossamerError(
          'ERR_FEEDS',
          `${path}: expected arrays for inputs ${names}, once each, received ${key}`,
        );
      }
      found[key] = { from: path, tensor: castTensor(tensor, port.dtype ?? tensor.dtype, `${path}: input ${key}`) };
    }
  }
  const missing = session.inputs.find(({ name, optional }) => !found[name] && optional !== true);
  if (!missing) return found;
  throw new GossamerError('ERR_FEEDS', `inputs: expected an array for input ${missing.name}, received none`);
}

async function readArrays(
  path: string,
  name: string | undefined,
  ports: readonly PortSpec[],
): Promise<Readonly<Record<string, Tensor>>> {
  if (!path.endsWith('.npy')) {
    if (name === undefined) return readNpz(path);
    throw new GossamerError('ERR_FEEDS', `inputs: expected NAME=FILE.npy, received ${name}=${path}`);
  }
  const required = ports.filter(({ optional }) => optional !== true);
  const input = name ?? (required.length === 1 ? required[0]!.name : undefined);
  if (input !== undefined) return { [input]: await readNpy(path) };
  const names = ports.map((port) => port.name).join(', ');
  throw new GossamerError('ERR_FEEDS', `${path}: expected NAME=FILE.npy with one of ${names}, received no name`);
}

/** One sample; a symbolic dimension has the size it is bound to, the first axis too, else what `random` data make of it. */
async function drawInputs(ports: readonly PortSpec[], options: RunInputsOptions): Promise<Record<string, RunInput>> {
  const { bind = {}, seed = 0 } = options;
  const sizeOf = (dim: string) => (Object.hasOwn(bind, dim) ? bind[dim]! : dim);
  const inputs = ports.map((port) => ({
    ...port,
    shape: port.shape?.map((dim) => (typeof dim === 'string' ? sizeOf(dim) : dim)),
  }));
  const data = await openData('random:1', { seed });
  let feeds: Feeds = {};
  for await (const batch of data.batches({ inputs, batchSize: 1, limit: 1 })) feeds = batch.feeds;
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, { from: 'random', tensor }]));
}
