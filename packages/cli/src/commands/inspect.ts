import { inspect } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatCount, formatTable, plain } from '../console-text.js';
import { parseBindings } from '../parse-bindings.js';
import * as folder from './model-folder.js';

/** gossamer inspect MODEL */
export async function run(
  model: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  if (folder.isFolder(model)) return folder.inspect(model, flags);
  const found = await inspect(model, { bind: parseBindings(flags['bind'] as string | undefined) });
  const { inputs, outputs, compressible, warnings } = found;
  const port = ({ name, dtype, shape }: (typeof inputs)[number]) =>
    `${plain(name)} ${dtype}[${shape?.join(', ') ?? '?'}]`;
  const ops = Object.entries(found.ops);
  const shown = context.options.verbose ? ops : ops.slice(0, 12);
  const lines = [
    `${plain(found.path ?? 'model')}: opset ${found.opset}, IR ${found.irVersion}, ${plain(found.producer) || 'no producer'}`,
    `inputs   ${inputs.map(port).join('; ')}`,
    `outputs  ${outputs.map(port).join('; ')}`,
    `nodes ${found.nodes}, parameters ${formatCount(found.parameters)}, MACs ${found.macs === undefined ? 'unknown' : formatCount(found.macs)}, sparsity ${(found.sparsity * 100).toFixed(1)} %`,
    `file ${formatBytes(found.fileBytes ?? 0)}; constants ${Object.entries(found.bytes)
      .map(([dtype, bytes]) => `${dtype} ${formatBytes(bytes)}`)
      .join(', ')}`,
    '',
    formatTable(
      ['operator', 'count'],
      shown.map(([op, count]) => [op, String(count)]),
    ),
    ...(shown.length < ops.length ? [`... and ${ops.length - shown.length} more (--verbose)`] : []),
    '',
    formatTable(
      ['would compress', 'layers', 'bytes'],
      compressible.map(({ op, layers, bytes }) => [op, String(layers), formatBytes(bytes)]),
    ),
    ...warnings.map((warning) => `warning: ${plain(warning)}`),
  ];
  return { json: { ...found }, text: lines.join('\n'), inputs: [model] };
}
