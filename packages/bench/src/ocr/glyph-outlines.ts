import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import opentype from 'opentype.js';
import { packageFolder } from '../package-folder.js';
import type { Contour } from './rasterize.js';

/** The DejaVu faces that lines are set in: sans, serif and mono; regular, bold and oblique; normal and condensed. */
export const faces = [
  'DejaVuSans',
  'DejaVuSans-Bold',
  'DejaVuSans-Oblique',
  'DejaVuSansCondensed',
  'DejaVuSansCondensed-Bold',
  'DejaVuSansMono',
  'DejaVuSansMono-Bold',
  'DejaVuSerif',
  'DejaVuSerif-Bold',
  'DejaVuSerif-Italic',
  'DejaVuSerifCondensed',
] as const;

export type Face = (typeof faces)[number];

/** Straight pieces that stand for one curve; at 40 px a quarter of an `o` then errs by less than 0.02 px. */
const piecesPerCurve = 8;

const loaded = new Map<Face, opentype.Font>();

function loadFace(face: Face): opentype.Font {
  const known = loaded.get(face);
  if (known !== undefined) return known;
  const bytes = readFileSync(join(packageFolder('dejavu-fonts-ttf'), 'ttf', `${face}.ttf`));
  const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  loaded.set(face, font);
  return font;
}

/** A line of text as polygons, its pen starting at x = 0 on the baseline y = 0; `advance` is its width in pixels. */
export interface TextOutline {
  readonly contours: Contour[];
  readonly advance: number;
}

/** Sets `text` in a face at `size` pixels per em, with the face's kerning and without ligatures. */
export function outlineText(face: Face, text: string, size: number): TextOutline {
  const font = loadFace(face);
  const scale = size / font.unitsPerEm;
  const glyphs = [...text].map((character) => font.charToGlyph(character));
  const contours: Contour[] = [];
  let pen = 0;
  glyphs.forEach((glyph, i) => {
    contours.push(...flatten(glyph.getPath(pen, 0, size).commands));
    const next = glyphs[i + 1];
    const kerning = next === undefined ? 0 : font.getKerningValue(glyph, next);
    pen += ((glyph.advanceWidth ?? 0) + kerning) * scale;
  });
  return { contours, advance: pen };
}

function flatten(commands: readonly opentype.PathCommand[]): Contour[] {
  const contours: number[][] = [];
  let current: number[] = [];
  for (const command of commands) {
    if (command.type === 'M') {
      current = [command.x, command.y];
      contours.push(current);
    } else if (command.type === 'L') {
      current.push(command.x, command.y);
    } else if (command.type === 'Q') {
      pushQuadratic(current, command);
    } else if (command.type === 'C') {
      throw new Error('DejaVu faces hold quadratic curves only');
    }
  }
  return contours;
}

function pushQuadratic(contour: number[], curve: { x1: number; y1: number; x: number; y: number }): void {
  const x0 = contour[contour.length - 2]!;
  const y0 = contour[contour.length - 1]!;
  for (let i = 1; i <= piecesPerCurve; i++) {
    const t = i / piecesPerCurve;
    const a = (1 - t) * (1 - t);
    const b = 2 * t * (1 - t);
    contour.push(a * x0 + b * curve.x1 + t * t * curve.x, a * y0 + b * curve.y1 + t * t * curve.y);
  }
}
