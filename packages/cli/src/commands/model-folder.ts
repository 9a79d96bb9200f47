import { statSync } from 'node:fs';
import {
  convertFolder,
  factorizeFolder,
  type FactorizeFolderOptions,
  type FolderResult,
  inspectFolder,
  optimizeFolder,
  parseFolderDtype,
  type ProcessFolderOptions,
  pruneFolder,
  type PruneFolderOptions,
  quantizeFolder,
} from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatCount, formatSqnr, formatTable, plain } from '../console-text.js';
import { parseBindings } from '../parse-bindings.js';
import { refuseFlags } from './refuse-flags.js';
import { parsePasses } from '../parse-passes.js';
import { gateOptions } from './open-source.js';

type Flags = Readonly<Record<string, unknown>>;

/** True when a command was given a folder of models in the place of a model. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** gossamer inspect DIR */
export async function inspect(path: string, flags: Flags): Promise<CommandResult> {
  const found = await inspectFolder(path, { bind: parseBindings(flags['bind'] as string | undefined) });
  const rows = found.parts.map(({ name, role, variants, model, state }) => [
    name,
    role,
    variants.map(({ dtype }) => dtype).join(', '),
    formatBytes(variants[0]!.bytes),
    String(model.opset),
    formatCount(model.parameters),
    String(Object.keys(state).length),
  ]);
  const lines = [
    `${plain(found.path)}: ${plain(found.modelType ?? 'no model_type')}, ${found.parts.length} parts`,
    '',
    formatTable(['part', 'role', 'variants', 'bytes', 'opset', 'parameters', 'state'], rows),
    '',
    `goes along: ${found.companions.map((companion) => plain(companion.path)).join(', ')}`,
    ...found.warnings.map((warning) => `warning: ${plain(warning)}`),
  ];
  return { json: { ...found }, text: lines.join('\n'), inputs: [path] };
}

/** gossamer convert DIR -o OUTDIR */
export async function convert(path: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  refuseFlags(flags, ['weights', 'data', 'initializers'], 'with a folder of models');
  const { output, options } = common(flags, context);
  const result = await convertFolder(path, output, {
    ...options,
    float16: flags['fp16'] === true,
    float32: flags['fp32'] === true,
    mergeDecoders: flags['mergeDecoders'] === true,
    ...(flags['opset'] === undefined ? {} : { opset: flags['opset'] as number }),
  });
  return report(path, result);
}

/** gossamer optimize DIR -o OUTDIR */
export async function optimize(path: string, flags: Flags, context: CommandContext): Promise<CommandResult> {
  refuseFlags(flags, ['data'], 'with a folder of models');
  const { output, options } = common(flags, context);
  const passes = parsePasses(flags['passes'] as string);
  const raiseOpset = flags['raiseOpset'] === true;
  return report(path, await optimizeFolder(path, output, { ...options, passes, raiseOpset }));
}

/** gossamer quantize DIR -o OUTDIR */
export async function quantize(
  path: string,
  flags: Flags,
  context: CommandContext,
  chosen: Parameters<typeof quantizeFolder>[2]['quantize'],
): Promise<CommandResult> {
  refuseFlags(flags, ['data', 'explain', 'budget', 'layersOut', 'accuracy'], 'with a folder of models');
  const { output, options } = common(flags, context);
  return report(path, await quantizeFolder(path, output, { ...options, quantize: chosen }));
}

/** gossamer prune DIR -o OUTDIR */
export async function prune(
  path: string,
  flags: Flags,
  context: CommandContext,
  choice: PruneFolderOptions['prune'],
): Promise<CommandResult> {
  refuseFlags(flags, ['data', 'accuracy', 'evalData', 'preview', 'finetune'], 'with a folder of models');
  const { output, options } = common(flags, context);
  return report(path, await pruneFolder(path, output, { ...options, prune: choice }));
}

/** gossamer factorize DIR -o OUTDIR */
export async function factorize(
  path: string,
  flags: Flags,
  context: CommandContext,
  choice: NonNullable<FactorizeFolderOptions['factorize']>,
): Promise<CommandResult> {
  refuseFlags(flags, ['data', 'accuracy', 'evalData'], 'with a folder of models');
  const { output, options } = common(flags, context);
  return report(path, await factorizeFolder(path, output, { ...options, factorize: choice }));
}

function common(flags: Flags, context: CommandContext): { output: string; options: ProcessFolderOptions } {
  const variant = flags['variant'] as string | undefined;
  const options = {
    ...gateOptions(flags, context),
    ...(variant === undefined ? {} : { variant: parseFolderDtype(variant) }),
  };
  return { output: flags['output'] as string, options };
}

function report(path: string, result: FolderResult): CommandResult {
  const { bytes, parts, companions, warnings, output } = result;
  const rows = parts.map(({ file, bytes: part, layers, verification }) => {
    const left = layers.filter(({ action }) => action.startsWith('left')).length;
    return [
      file,
      `${formatBytes(part.before)} -> ${formatBytes(part.after)}`,
      layers.length === 0 ? '' : `${layers.length - left} changed, ${left} left`,
      verification?.sqnrDb === undefined ? '' : formatSqnr(verification.sqnrDb).replace('SQNR ', ''),
    ];
  });
  const lines = [
    `${plain(output)}: ${formatBytes(bytes.before)} -> ${formatBytes(bytes.after)} (${bytes.ratio.toFixed(2)}x smaller)`,
    '',
    formatTable(['part', 'bytes', 'layers', 'SQNR'], rows),
    '',
    `opens in transformers.js with dtype: '${parts[0]!.dtype}'; ${companions.length} files went along`,
    ...warnings.map((warning) => `warning: ${plain(warning)}`),
    ...parts.flatMap((part) => part.warnings.map((warning) => `warning: ${part.name}: ${plain(warning)}`)),
  ];
  return { json: { ...result }, text: lines.join('\n'), inputs: [path], outputs: [output] };
}
