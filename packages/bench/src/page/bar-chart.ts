import type { Bar, Plot } from '../harness/plot.js';
import { escapeText } from './escape-text.js';

const LABEL_WIDTH = 250;
const PLOT_WIDTH = 560;
const VALUE_WIDTH = 70;
const BAR = 14;
const GROUP_GAP = 8;
const AXIS = 34;
/** Of the series, in order; told apart without colour vision too. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];

/** A plot as SVG text. */
export function barChart(plot: Plot): string {
  const values = plot.groups.flatMap(({ bars }) =>
    bars.flatMap((bar) => (bar ? [bar.value, bar.high ?? bar.value] : [])),
  );
  const ticks = niceTicks(Math.max(plot.line ?? 0, ...values, 1e-9));
  const scale = (value: number) => LABEL_WIDTH + (Math.min(value, ticks.at(-1)!) / ticks.at(-1)!) * PLOT_WIDTH;
  const parts: string[] = [];
  let y = 4;
  for (const { label, bars } of plot.groups) {
    const height = bars.length * BAR;
    parts.push(text(LABEL_WIDTH - 8, y + height / 2 + 4, label, 'end'));
    bars.forEach((bar, i) => {
      if (bar) parts.push(drawBar(bar, y + i * BAR, scale, COLOURS[i % COLOURS.length]!, plot.series[i] ?? ''));
    });
    y += height + GROUP_GAP;
  }
  const grid = ticks.map((tick) => {
    const x = scale(tick).toFixed(1);
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${y}"/>${text(Number(x), y + 16, String(tick), 'middle')}`;
  });
  if (plot.line !== undefined) {
    const x = scale(plot.line).toFixed(1);
    parts.push(`<line class="line" x1="${x}" x2="${x}" y1="0" y2="${y}"/>`);
  }
  const width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;
  const unit = text(LABEL_WIDTH + PLOT_WIDTH / 2, y + 31, plot.unit, 'middle');
  return (
    `<svg viewBox="0 0 ${width} ${y + AXIS}" role="img" aria-label="${escapeText(plot.title)}" style="max-width:${width}px">` +
    `${grid.join('')}${parts.join('')}${unit}</svg>`
  );
}

/** The colour and the name of each series. */
export function legend(series: readonly string[]): string {
  return series
    .map((name, i) => `<span><i style="background:${COLOURS[i % COLOURS.length]}"></i>${escapeText(name)}</span>`)
    .join(' ');
}

function drawBar({ value, low, high }: Bar, y: number, scale: (value: number) => number, colour: string, name: string) {
  const [from, to] = [scale(0), scale(value)];
  const shown = Number(value.toPrecision(3));
  const interval = low === undefined || high === undefined ? '' : ` (${low} to ${high})`;
  const title = `<title>${escapeText(`${name}: ${value}${interval}`)}</title>`;
  const rect = `<rect x="${from}" y="${y + 1}" width="${Math.max(0.5, to - from).toFixed(1)}" height="${BAR - 3}" fill="${colour}">${title}</rect>`;
  const end = Math.max(to, high === undefined ? 0 : scale(high));
  const number = text(end + 6, y + BAR - 4, String(shown), 'start');
  if (low === undefined || high === undefined) return rect + number;
  const middle = y + BAR / 2 - 0.5;
  const whisker = `<line class="whisker" x1="${scale(low).toFixed(1)}" x2="${scale(high).toFixed(1)}" y1="${middle}" y2="${middle}"/>`;
  return rect + whisker + number;
}

const text = (x: number, y: number, content: string, anchor: string) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeText(content)}</text>`;

/** About five round numbers from 0 to at least `largest`. */
export function niceTicks(largest: number): number[] {
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough)! * power;
  const count = Math.ceil(largest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}
