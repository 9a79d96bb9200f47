import type { EpochRecord } from '@gossamer/train';

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = 48;

interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | undefined)[];
}

/** An SVG with the mean loss of each epoch and, where it was measured, the metric on held-out samples, each on its own scale. */
export function lossCurves(history: readonly EpochRecord[], metric: string): string {
  const curves: Curve[] = [
    { label: 'loss', colour: '#1f77b4', values: history.map(({ loss }) => loss) },
    { label: `${metric}, held out`, colour: '#d62728', values: history.map(({ validation }) => validation) },
  ];
  const drawn = curves.filter(({ values }) => values.some((value) => value !== undefined));
  const parts = drawn.map((curve, i) => draw(curve, i, history.length));
  const axis = `<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#888"/>`;
  const label = `<text x="${WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle">epoch 1 to ${history.length}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>${axis}${label}
${parts.join('\n')}
</svg>
`;
}

function draw({ label, colour, values }: Curve, index: number, epochs: number): string {
  const known = values.filter((value) => value !== undefined);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (i: number) => MARGIN + (epochs === 1 ? 0.5 : i / (epochs - 1)) * (WIDTH - 2 * MARGIN);
  const y = (value: number) =>
    HEIGHT - MARGIN - (high === low ? 0.5 : (value - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
  const points = values.flatMap((value, i) =>
    value === undefined ? [] : [`${x(i).toFixed(1)},${y(value).toFixed(1)}`],
  );
  const text = `${escape(label)}: ${low.toPrecision(4)} to ${high.toPrecision(4)}`;
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>
<text x="${MARGIN}" y="${18 + 15 * index}" fill="${colour}">${text}</text>`;
}

const escape = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
