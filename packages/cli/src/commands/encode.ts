import { encode, type EncodeResult } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatTable, plain } from '../console-text.js';

/** gossamer encode MODEL -o OUT.gsm */
export async function run(
  model: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  const output = flags['output'] as string;
  const { force, verbose } = context.options;
  const report = await encode(model, output, { force, signal: context.signal, onProgress: context.onProgress });
  const { before, after, ratio } = report.bytes;
  const text = [
    `${plain(output)}: ${formatBytes(before)} -> ${formatBytes(after)}, ${ratio.toFixed(2)}x smaller; decoded and compared byte for byte`,
    `${report.tensors.length} tensors; ${formatBytes(report.headBytes)} are not theirs`,
    ...report.warnings.map((warning) => `warning: ${plain(warning)}`),
    ...(verbose ? ['', tensorTable(report.tensors)] : []),
  ];
  return { json: { ...report }, text: text.join('\n'), inputs: [model], outputs: [output] };
}

function tensorTable(tensors: EncodeResult['tensors']): string {
  const rows = tensors.map(({ name, dtype, dims, form, byteLength, encodedBytes }) => [
    ...[plain(name), `${dtype} [${dims.join()}]`, form],
    ...[formatBytes(byteLength), formatBytes(encodedBytes)],
  ]);
  return formatTable(['tensor', 'type', 'form', 'bytes', 'encoded'], rows);
}
