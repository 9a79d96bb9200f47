import { existsSync } from 'node:fs';
import { deriveStudent, loadModel, OnnxModel, parseStudent } from '@gossamer/compress';
import type { CommandContext } from '../command-context.js';

/** The model that is taught, and what could not be done where it was made of its teacher. */
export interface OpenStudent {
  readonly model: OnnxModel;
  readonly warnings: readonly string[];
}

/** What `--student` says: a file, or what is made of the (first) teacher: thinner:W, shallower[:N], low-rank:R. */
export async function openStudent(
  flags: Readonly<Record<string, unknown>>,
  { options: { seed } }: CommandContext,
): Promise<OpenStudent> {
  const text = flags['student'] as string;
  const spec = existsSync(text) ? undefined : parseStudent(text);
  if (!spec) return { model: await loadModel(text), warnings: [] };
  const teacher = await loadModel((flags['teacher'] as readonly string[])[0]!);
  const { model, warnings } = deriveStudent(teacher.ir, spec.kind === 'thinner' ? { ...spec, seed } : spec);
  return { model: new OnnxModel(model), warnings };
}
