import type { Explanation } from '@gossamer/compress';
import { formatTable, plain } from './console-text.js';

/** The explanation as a table, and below it the causes and cures of the layers that have any. */
export function describeExplanation({ layers, warnings }: Explanation): string {
  const rows = layers.map((layer) => [
    layer.name,
    layer.op,
    layer.weights ? range(layer.weights) : '',
    layer.input ? range(layer.input) : '',
    layer.clipped === undefined ? '' : `${(100 * layer.clipped).toFixed(2)} %`,
    decibels(layer.sqnrAlone),
    decibels(layer.sqnrCumulated),
    layer.saturation ? `${layer.saturation.pairsAtRisk} of ${layer.saturation.pairs}` : '',
  ]);
  const columns = [
    'layer',
    'op',
    'weights',
    'input',
    'clipped',
    'dB alone',
    'dB with all before',
    'pairs that can saturate',
  ];
  const words = layers
    .filter(({ causes }) => causes.length > 0)
    .flatMap(({ name, causes, cure }) => [`${plain(name)}: ${plain(causes.join('; '))}`, `  cure: ${plain(cure)}`]);
  const notes = warnings.map((warning) => `warning: ${plain(warning)}`);
  return [formatTable(columns, rows), ...(words.length > 0 ? ['', ...words] : []), ...notes].join('\n');
}

const range = ({ min, max }: { readonly min: number; readonly max: number }): string =>
  `${min.toPrecision(3)} to ${max.toPrecision(3)}`;

function decibels(value: number | undefined): string {
  if (value === undefined) return '';
  return value === Infinity ? 'exact' : value.toFixed(1);
}
