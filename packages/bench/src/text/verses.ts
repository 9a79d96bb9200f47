import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNpz } from '@gossamer/runtime';
import { repositoryFolder } from '../package-folder.js';

/** Words that a verse has at least and at most, for sentences of ordinary length. */
const WORDS = { least: 4, most: 40 };

/** Verses of the fixtures' text (King James Bible), in order: of the chapters that tinylm was trained on, or of those held out. */
export async function verses(part: 'training' | 'held-out', count: number): Promise<string[]> {
  const folder = join(repositoryFolder(), 'fixtures', 'models');
  const file = part === 'training' ? 'tinylm-train.npz' : 'tinylm-eval-full.npz';
  const tokens = (await readNpz(join(folder, file)))['tokens']!.toIntegers();
  const pieces = readPieces(join(folder, 'tinylm-tokenizer.json'));
  const found: string[] = [];
  let text = '';
  for (let i = 0; i < tokens.length && found.length < count; i++) {
    text += pieces[tokens[i]!]!;
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      const words = line.trim().split(/\s+/).length;
      if (words >= WORDS.least && words <= WORDS.most && found.length < count) found.push(line.trim());
    }
  }
  return found;
}

/** Texts of the tokens, by id: of a byte-level vocabulary whose text is plain ASCII. */
function readPieces(file: string): string[] {
  const { model } = JSON.parse(readFileSync(file, 'utf8')) as { model: { vocab: Record<string, number> } };
  const pieces: string[] = [];
  for (const [piece, id] of Object.entries(model.vocab)) pieces[id] = piece.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n');
  return pieces;
}
