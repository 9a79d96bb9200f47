import { compare } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatSqnr, formatTable } from '../console-text.js';
import { openSource, workOptions } from './open-source.js';

/** gossamer compare A B --data D */
export async function run(
  before: string,
  after: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  const data = await openSource(flags['data'] as string, flags, context);
  const pairs = flags['pairs'] as number | undefined;
  const metric = flags['metric'] as string | undefined;
  const result = await compare(before, after, {
    ...workOptions(flags, context),
    data,
    ...(pairs === undefined ? {} : { pairs }),
    ...(metric === undefined ? {} : { metric }),
  });
  const { bytes, latencyMs } = result;
  const table = formatTable(
    ['', 'before', 'after', 'ratio'],
    [
      ['bytes', formatBytes(bytes.before), formatBytes(bytes.after), `${bytes.ratio.toFixed(2)}x smaller`],
      [
        'latency',
        `${latencyMs.before.toFixed(3)} ms`,
        `${latencyMs.after.toFixed(3)} ms`,
        `${latencyMs.speedup.toFixed(2)}x faster (95 %: ${latencyMs.low.toFixed(2)} to ${latencyMs.high.toFixed(2)})`,
      ],
    ],
  );
  const quality = [
    `agreement ${(result.agreement * 100).toFixed(2)} % of ${result.samples} samples`,
    `${formatSqnr(result.sqnrDb)}, cosine ${result.cosine.toFixed(6)}, largest error ${result.maxAbsError.toPrecision(3)}`,
    ...(result.quality ? [`${result.quality.metric} ${result.quality.value.toPrecision(6)}`] : []),
    ...result.warnings.map((warning) => `warning: ${warning}`),
    ...(data.latencyOnly ? ['warning: random inputs, so agreement and errors say little about quality'] : []),
  ];
  return { json: { ...result }, text: [table, '', ...quality].join('\n'), inputs: [before, after] };
}
