import { GossamerError, Tensor } from '@gossamer/graph';
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { PortSpec } from '../session/port-spec.js';
import { batchSize, filledUp } from './batch-size.js';
import type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data-source.js';
import { hashFile } from './file-digest.js';
import { decodeImage, loadSharp, type Sharp } from './image-tensor.js';
import { type Preprocess, readPreprocess, type ResolvedPreprocess, resolvePreprocess } from './preprocess.js';

const EXTENSIONS = /\.(jpe?g|png|webp|gif|avif|tiff?|bmp)$/i;

interface Picture {
  readonly path: string;
  readonly label: number;
}

/**
 * Pictures of a folder, decoded by sharp (an optional peer) as batches ask for them. Sub-folders are classes: labels are their
 * positions in sorted order (by number where all names are integers). A folder of pictures without sub-folders has no labels.
 */
export async function openImages(folder: string, options: OpenDataOptions): Promise<DataSource> {
  const { pictures, classes } = await listPictures(folder);
  const preprocess = await readPreprocess(options.preprocess);
  const sharp = await loadSharp();
  const length = Math.min(pictures.length, options.limit ?? Infinity);
  const labelled = classes > 0 ? ` in ${classes} classes` : '';
  return {
    description: `images ${folder}: ${pictures.length} pictures${labelled}${length < pictures.length ? `, the first ${length}` : ''}`,
    length,
    latencyOnly: false,
    hasLabels: classes > 0,
    hasTargets: false,
    batches: (request = {}) =>
      imageBatches(
        sharp,
        pictures.slice(0, length),
        classes > 0,
        preprocess,
        request.inputs ?? options.inputs,
        request,
      ),
    digest: async () => {
      const sha = createHash('sha256').update(JSON.stringify(preprocess));
      for (const { path, label } of pictures.slice(0, length)) await hashFile(sha.update(`${label};`), path);
      return sha.digest('hex');
    },
  };
}

async function listPictures(folder: string): Promise<{ pictures: Picture[]; classes: number }> {
  const entries = await listFolder(folder);
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  const numeric = folders.every((name) => /^\d+$/.test(name));
  folders.sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
  const pictures: Picture[] = [];
  for (const [label, name] of (folders.length > 0 ? folders : ['']).entries()) {
    const files = (await listFolder(join(folder, name))).map((entry) => entry.name);
    for (const file of files.sort()) {
      if (EXTENSIONS.test(file)) pictures.push({ path: join(folder, name, file), label });
    }
  }
  if (pictures.length === 0) {
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', `${folder}: expected pictures, received none`);
  }
  return { pictures, classes: folders.length };
}

function listFolder(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true }).catch((cause: Error) => {
    const text = `${path}: expected a readable folder, received ${cause.message}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', text, { cause });
  });
}

async function* imageBatches(
  sharp: Sharp,
  pictures: readonly Picture[],
  labelled: boolean,
  preprocess: Preprocess,
  inputs: readonly PortSpec[] | undefined,
  request: BatchOptions,
): AsyncGenerator<Batch> {
  const [input, ...others] = (inputs ?? []).filter(({ optional }) => !optional);
  if (!input || others.length > 0) {
    const text = `images: expected a model with one input, received ${inputs ? inputs.length : 'none'}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  if (input.dtype !== undefined && input.dtype !== 'float32' && input.dtype !== 'uint8') {
    const text = `input ${input.name}: expected float32 or uint8 for images, received ${input.dtype}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  const resolved = resolvePreprocess(preprocess, input);
  const fixed = typeof input.shape?.[0] === 'number' ? input.shape[0] : undefined;
  const size = batchSize(request, fixed);
  const total = Math.min(pictures.length, request.limit ?? Infinity);
  for (let at = 0; at < total; at += size) {
    request.signal?.throwIfAborted();
    const part = pictures.slice(at, Math.min(at + size, total));
    const tensor = await stack(sharp, part, fixed ?? part.length, resolved, input.dtype ?? 'float32');
    const labels = Tensor.fromNumbers(
      'int64',
      [part.length],
      part.map(({ label }) => label),
    );
    const filled = filledUp(size, part.length);
    yield {
      feeds: { [input.name]: tensor },
      count: part.length,
      ...(fixed ? filled : {}),
      ...(labelled ? { labels } : {}),
    };
  }
}

/** Decodes pictures into one tensor of `rows` rows; missing rows repeat the last picture. */
async function stack(
  sharp: Sharp,
  pictures: readonly Picture[],
  rows: number,
  preprocess: ResolvedPreprocess,
  dtype: 'float32' | 'uint8',
): Promise<Tensor> {
  const images = await Promise.all(pictures.map(({ path }) => decodeImage(sharp, path, preprocess)));
  const { height, width } = images[0]!;
  const odd = images.findIndex((image) => image.height !== height || image.width !== width);
  if (odd >= 0) {
    const text = `${pictures[odd]!.path}: expected ${height} x ${width} as before it, received ${images[odd]!.height} x ${images[odd]!.width} (set preprocess.resize, or a batch of 1)`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  const channels = preprocess.colors === 'GRAY' ? 1 : 3;
  const elements = height * width * channels;
  const values = dtype === 'uint8' ? new Uint8ClampedArray(rows * elements) : new Float32Array(rows * elements);
  for (let row = 0; row < rows; row++) values.set(images[Math.min(row, images.length - 1)]!.values, row * elements);
  const frame = preprocess.layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const data = values instanceof Float32Array ? values : new Uint8Array(values.buffer);
  return Tensor.of(dtype, [rows, ...frame], data);
}
