import { appendFile, readFile, truncate } from 'node:fs/promises';
import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';

/** One evaluation of the objective; null: it failed. */
export interface JournalEntry {
  readonly trial: number;
  readonly fold: number;
  readonly value: number | null;
}

/**
 * What was evaluated, in a file of JSON lines: the search it belongs to, then an entry an evaluation. A line that a crash cut off is dropped.
 */
export class Journal {
  private constructor(
    private readonly path: string,
    /** Entries that were there. */
    readonly entries: readonly JournalEntry[],
  ) {}

  /** Opens or begins the journal of the search `header`. Throws ERR_CHECKPOINT for one of another search. */
  static async open(path: string, header: object): Promise<Journal> {
    const first = JSON.stringify(header);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [found, ...lines] = whole.split('\n').slice(0, -1);
    // Before anything is cut off: the file may be no journal at all.
    if (found === undefined ? !first.startsWith(text) : found !== first) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_CHECKPOINT',
        `journal ${path}: expected one of the same search, ${first}, received ${(found ?? text).slice(0, 500)}`,
      );
    }
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
    if (found === undefined) await appendFile(path, `${first}\n`);
    return new Journal(
      path,
      lines.map((line) => parseEntry(path, line)),
    );
  }

  async add(entry: JournalEntry): Promise<void> {
    await appendFile(this.path, `${JSON.stringify(entry)}\n`);
  }
}

function parseEntry(path: string, line: string): JournalEntry {
  try {
    return JSON.parse(line) as JournalEntry;
  } catch (cause) {
    const message = `journal ${path}: expected lines of JSON, received ${line.slice(0, 100)}`;
    throw new GossamerError<TrainErrorCode>('ERR_CHECKPOINT', message, { cause });
  }
}
