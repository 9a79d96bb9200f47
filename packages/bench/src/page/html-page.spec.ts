import { environment } from '../harness/environment.js';
import { barChart, niceTicks } from './bar-chart.js';
import { htmlPage } from './html-page.js';

const plot = {
  title: 'a < b',
  unit: 'times',
  series: ['1 thread', '2 threads'],
  groups: [
    { label: 'int32 "x"', bars: [{ value: 2, low: 1.8, high: 2.3 }, undefined] },
    { label: 'float', bars: [{ value: 0.5 }, { value: 1.25 }] },
  ],
  line: 1,
};

describe('bar charts', () => {
  it('draws a bar a value, whiskers for intervals, and the line', () => {
    const svg = barChart(plot);
    expect(svg.match(/<rect/g)).toHaveLength(3);
    expect(svg.match(/class="whisker"/g)).toHaveLength(1);
    expect(svg.match(/class="line"/g)).toHaveLength(1);
    expect(svg).toContain('1 thread: 2 (1.8 to 2.3)');
    expect(svg).toContain('int32 &quot;x&quot;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has round ticks from 0 to the largest value', () => {
    expect(niceTicks(2.3)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(niceTicks(958)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(niceTicks(1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('draws nothing of nothing', () => {
    expect(barChart({ ...plot, groups: [] })).not.toMatch(/NaN/);
  });
});

describe('htmlPage', () => {
  const result = {
    ...{
      suite: 'kernels',
      summary: 'What <was> measured.',
      command: 'npm run x',
      seconds: 1,
      environment: environment(),
    },
    claims: [{ claim: 'faster', measured: '0.9x', holds: false }],
    tables: [{ title: 'Table', columns: ['a', 'b'], rows: [['<script>', '1']] }],
    ...{ plots: [plot], warnings: ['busy'], data: {}, markdown: '' },
  };

  it('holds everything, escaped, and loads nothing from elsewhere', () => {
    const page = htmlPage(result);
    expect(page).toContain('What &lt;was&gt; measured.');
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('does not hold');
    expect(page).toContain('busy');
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
  });
});
