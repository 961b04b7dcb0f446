/** Requests per CPU-second against the echo as bars, one a scenario and number of connections, each with the line to reach. */
import { perCpuBars } from './bars.ts';
import type { Report } from './report.ts';

const barWidth = 28;
const gap = 12;
const left = 60;
const height = 260;
const top = 20;
const ratioMax = 0.7;

export function plot({ throughput }: Report): string {
  const shown = throughput.filter(({ connections }) => perCpuBars[connections] !== undefined);
  const y = (ratio: number): number => top + height * (1 - Math.min(ratio, ratioMax) / ratioMax);
  const bars = shown.map(({ scenario, connections, perCpuOverEcho }, index) => {
    const x = left + index * (barWidth + gap);
    const toReach = perCpuBars[connections] ?? 0;
    const barTop = y(perCpuOverEcho);
    const colour = perCpuOverEcho >= toReach ? '#3a7d44' : '#b3392f';
    return `<rect x="${x}" y="${barTop.toFixed(1)}" width="${barWidth}" height="${(top + height - barTop).toFixed(1)}" fill="${colour}"/>
<line x1="${x - 3}" x2="${x + barWidth + 3}" y1="${y(toReach).toFixed(1)}" y2="${y(toReach).toFixed(1)}" stroke="#222" stroke-width="2"/>
<text x="${x + barWidth / 2}" y="${(barTop - 4).toFixed(1)}" font-size="10" text-anchor="middle">${perCpuOverEcho.toFixed(2)}</text>
<text transform="translate(${x + barWidth / 2 + 4},${top + height + 8}) rotate(60)" font-size="11">${scenario}, ${connections}</text>`;
  });
  const width = left + 20 + shown.length * (barWidth + gap);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + 150}" font-family="sans-serif">
<rect width="100%" height="100%" fill="white"/>
<text x="${left}" y="14" font-size="12">Requests per CPU-second against a bare node:http echo (line: to reach)</text>
<line x1="${left - 5}" x2="${width - 10}" y1="${top + height}" y2="${top + height}" stroke="#888"/>
${bars.join('\n')}
</svg>
`;
}
