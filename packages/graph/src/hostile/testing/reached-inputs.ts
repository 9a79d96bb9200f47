import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Inputs that reach code which the seeds do not, by format; a base64 text a line: `node tools/fuzz-wire.mjs` finds and keeps them. */
export function reachedInputs(format: string): readonly Uint8Array[] {
  const path = join(__dirname, 'reached', `${format}.txt`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.filter((line) => line !== '').map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}
