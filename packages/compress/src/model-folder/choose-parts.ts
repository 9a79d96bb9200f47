import { GossamerError } from '@gossamer/graph';
import {
  findVariant,
  type FolderDtype,
  type ModelFolder,
  type PartRole,
  type PartVariant,
} from '@gossamer/graph/folder';
import type { CompressErrorCode } from '../error-codes.js';

/** A part of the new folder and the files it is made from: one, or the two decoders that become one. */
export interface PartSource {
  readonly name: string;
  readonly role: PartRole;
  readonly from: FolderDtype;
  readonly variants: readonly PartVariant[];
}

/** The parts to work on, in the variant called for. Throws ERR_FOLDER_PART, ERR_OPTION. */
export function chooseParts(folder: ModelFolder, variant: FolderDtype | undefined, merge: boolean): PartSource[] {
  const from = variant ?? commonVariant(folder);
  const sources = folder.parts.map(({ name, role }) => {
    return { name, role, from, variants: [findVariant(folder, name, from)] };
  });
  return merge ? merged(sources) : sources;
}

/** Full precision where every part has it, else the one variant there is. */
function commonVariant({ parts }: ModelFolder): FolderDtype {
  const [first, ...others] = parts.map(({ variants }) => variants.map(({ dtype }) => dtype));
  const common = first!.filter((dtype) => others.every((dtypes) => dtypes.includes(dtype)));
  if (common.includes('fp32')) return 'fp32';
  if (common.length === 1) return common[0]!;
  const received = common.length === 0 ? 'none that every part has' : common.join(', ');
  throw refuse(`variant: expected the name of one, with a folder that has ${received}`);
}

const refuse = (text: string) => new GossamerError<CompressErrorCode>('ERR_OPTION', text);

const PAIR: readonly PartRole[] = ['decoder', 'decoder-with-past'];

function merged(sources: readonly PartSource[]): PartSource[] {
  const pair = PAIR.map((role) => sources.find((source) => source.role === role));
  const [decoder, withPast] = pair;
  if (!decoder || !withPast || sources.some(({ role }) => role === 'merged-decoder')) {
    const names = sources.map(({ name }) => name).join(', ');
    throw refuse(
      `mergeDecoders: expected decoder_model and decoder_with_past_model, not merged yet, received ${names}`,
    );
  }
  const variants = [...decoder.variants, ...withPast.variants];
  const both = { name: 'decoder_model_merged', role: 'merged-decoder', from: decoder.from, variants } as const;
  return [...sources.filter((source) => !pair.includes(source)), both];
}
