import { elementCount, GossamerError } from '@gossamer/graph';
import type { Entry } from 'yauzl';
import type { RuntimeErrorCode } from '../error-codes.js';
import { arraySource } from './array-source.js';
import type { BytePull } from './byte-pull.js';
import { type Column, outOfRows, type RowReader } from './column.js';
import type { DataSource, OpenDataOptions } from './data-source.js';
import { fileDigest } from './file-digest.js';
import { decodeNpy } from './npy-decode.js';
import type { NpyHeader } from './npy-header.js';
import { takeNpyHeader } from './take-npy-header.js';
import { openZip, type ZipFile } from './zip-file.js';

/** Bytes of one sample of one array: what a batch must hold in memory. */
const MAX_ROW_BYTES = 2 ** 30;
/** Bytes of one array in a batch: what a typed array holds. */
const MAX_BATCH_BYTES = 2 ** 32 - 1;
/** What an element of text takes besides its bytes: an array of its own. */
const TEXT_BYTES = 100;

/**
 * Samples of an .npz file: arrays named like the model's inputs, first axis = samples, with optional `labels` and `targets`.
 *
 * Rows are inflated as batches ask for them, so neither a file beyond memory nor a zip bomb takes more than one batch. The CRC-32 of an
 * array is checked with its last row.
 */
export async function openNpz(path: string, options: OpenDataOptions): Promise<DataSource> {
  const zip = await openZip(path);
  try {
    const columns: Column[] = [];
    for (const [file, entry] of zip.entries) {
      if (file.endsWith('.npy')) columns.push(await entryColumn(path, zip, file.slice(0, -4), entry));
    }
    if (columns.length === 0) {
      throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', `${path}: expected .npy arrays, received none`);
    }
    return arraySource(columns, { label: `npz ${path}`, digest: () => fileDigest(path), ...options });
  } finally {
    zip.close();
  }
}

async function entryColumn(path: string, zip: ZipFile, name: string, entry: Entry): Promise<Column> {
  const label = `${path}: array ${name}`;
  const pull = await zip.open(entry, label);
  try {
    const header = await takeNpyHeader(label, pull, entry.uncompressedSize);
    const [rows, ...rowShape] = header.shape;
    const rowBytes = elementCount(rowShape) * (header.itemSize + (header.text ? TEXT_BYTES : 0));
    if (rowBytes > MAX_ROW_BYTES) {
      const text = `${label}: expected samples of at most ${MAX_ROW_BYTES} bytes, received ${rowBytes}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_DATA_LIMIT', text);
    }
    return { name, dtype: header.dtype, rows, rowShape, open: (transient) => openRows(path, name, transient) };
  } finally {
    pull.close();
  }
}

/** Opens the archive again, so that passes over the data are independent and nothing stays open between them. */
async function openRows(path: string, name: string, transient: boolean): Promise<RowReader> {
  const zip = await openZip(path);
  let pull: BytePull | undefined;
  const close = () => {
    pull?.close();
    zip.close();
  };
  try {
    const label = `${path}: array ${name}`;
    const entry = zip.entries.get(`${name}.npy`);
    if (!entry) throw new GossamerError<RuntimeErrorCode>('ERR_DATA_FILE', `${label} has gone`);
    pull = await zip.open(entry, label);
    return { next: rowTaker(label, pull, await takeNpyHeader(label, pull, entry.uncompressedSize), transient), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Takes rows, one batch after the other. */
function rowTaker(label: string, pull: BytePull, header: NpyHeader, transient: boolean): RowReader['next'] {
  const [rows, ...rowShape] = header.shape;
  const rowBytes = elementCount(rowShape) * header.itemSize;
  let at = 0;
  let buffer: Uint8Array<ArrayBuffer> | undefined;
  return async (count) => {
    if (rows === undefined) return decodeNpy(header, [], await pull.take(rowBytes));
    at += count;
    if (at > rows) throw outOfRows(label, at, rows);
    if (count * rowBytes > MAX_BATCH_BYTES) {
      const text = `${label}: expected batches of at most ${MAX_BATCH_BYTES} bytes, received ${count * rowBytes}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_DATA_LIMIT', text);
    }
    const reused = transient && buffer?.length === count * rowBytes ? buffer : undefined;
    buffer = await pull.take(count * rowBytes, reused);
    return decodeNpy(header, [count, ...rowShape], buffer);
  };
}
