import { GossamerError } from '@gossamer/graph';
import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import type { RuntimeErrorCode } from '../error-codes.js';

const MAX_ENTRIES = 4096;

/** An open zip archive: its entries by name. Sizes are checked against what the directory says while reading. */
export interface ZipFile {
  readonly entries: ReadonlyMap<string, yauzl.Entry>;
  /** The bytes of an entry, inflated as they are read. */
  open(entry: yauzl.Entry): Promise<Readable>;
  close(): void;
}

/** Opens a zip archive; throws ERR_DATA_FILE when it is none, is encrypted, lists a name twice or has over 4096 entries. */
export async function openZip(path: string): Promise<ZipFile> {
  const zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true };
    yauzl.open(path, options, (error, file) => (error ? reject(unreadable(path, error)) : resolve(file)));
  });
  try {
    return {
      entries: await listEntries(path, zip),
      open: (entry) => openEntry(path, zip, entry),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function unreadable(path: string, cause: unknown): GossamerError<RuntimeErrorCode> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GossamerError('ERR_DATA_FILE', `${path}: expected a readable zip archive, received ${reason}`, { cause });
}

function listEntries(path: string, zip: yauzl.ZipFile): Promise<Map<string, yauzl.Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, yauzl.Entry>();
    const refuse = (reason: string) => reject(unreadable(path, reason));
    zip.on('error', (error) => reject(unreadable(path, error)));
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: yauzl.Entry) => {
      if (entries.has(entry.fileName)) return refuse(`two entries called ${entry.fileName}`);
      if (entries.size >= MAX_ENTRIES) return refuse(`more than ${MAX_ENTRIES} entries`);
      if (entry.isEncrypted()) return refuse(`an encrypted entry ${entry.fileName}`);
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function openEntry(path: string, zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(unreadable(path, error)) : resolve(stream)));
  });
}
