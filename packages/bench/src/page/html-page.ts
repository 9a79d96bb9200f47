import { machineLines, verdict } from '../harness/describe-run.js';
import type { SuiteResult, Table } from '../harness/suite-result.js';
import { barChart, legend } from './bar-chart.js';
import { escapeText } from './escape-text.js';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c1c1c; background: #fff; }
svg { width: 100%; font: 11px system-ui, sans-serif; display: block; }
svg text { fill: currentColor; } .grid { stroke: #8885; } .line { stroke: #c00; stroke-dasharray: 4 3; } .whisker { stroke: currentColor; stroke-width: 1.5; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #8884; padding: .2rem .6rem; text-align: right; } th:first-child, td:first-child { text-align: left; }
.legend span { margin-right: 1rem; } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .3em; }
.warning, .fails { color: #b00020; } .wide { overflow-x: auto; } code { background: #8882; padding: .1em .3em; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #16181c; } .warning, .fails { color: #ff8a80; } }`;

/** A result as one HTML file that needs nothing else. */
export function htmlPage(result: SuiteResult): string {
  const { suite, summary, command, warnings = [], claims, plots = [], tables } = result;
  const parts = [
    `<h1>${escapeText(suite)}</h1>`,
    `<p>${escapeText(summary)}</p>`,
    `<p><code>${escapeText(command)}</code></p>`,
    list(machineLines(result)),
    ...(warnings.length > 0 ? [list(warnings, 'warning')] : []),
    ...(claims.length > 0 ? [`<h2>Claims</h2>${claimTable(result)}`] : []),
    ...plots.map((plot) => {
      const names = plot.series.length > 1 ? `<p class="legend">${legend(plot.series)}</p>` : '';
      return `<h2>${escapeText(plot.title)}</h2>${names}${barChart(plot)}`;
    }),
    ...tables.map((table) => `<h2>${escapeText(table.title)}</h2>${htmlTable(table)}`),
  ];
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>${escapeText(suite)}</title><style>${STYLE}</style></head><body>\n${parts.join('\n')}\n</body></html>\n`
  );
}

const list = (lines: readonly string[], kind = '') =>
  `<ul${kind ? ` class="${kind}"` : ''}>${lines.map((line) => `<li>${escapeText(line)}</li>`).join('')}</ul>`;

function claimTable({ claims }: SuiteResult): string {
  const rows = claims.map(({ claim, measured, holds }) => [claim, measured, verdict(holds).replaceAll('*', '')]);
  return htmlTable({ title: '', columns: ['claim', 'measured', ''], rows });
}

function htmlTable({ columns, rows }: Table): string {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<div class="wide"><table><thead>${row(columns, 'th')}</thead><tbody>\n${body}\n</tbody></table></div>`;
}
