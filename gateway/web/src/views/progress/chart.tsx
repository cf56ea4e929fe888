// A level over time: a line for those who see it, a sentence and a table for everybody.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { MAX_LEVEL, MILESTONES, type Step } from "../../levels.ts";
import { fullTime, shortTime } from "../../time.ts";

const TOP = 8;
const BOTTOM = 22;
const LEFT = 24;
const RIGHT = 10;
// A chart of some minutes would be all steps; it begins a little before the first one.
const MIN_SPAN_MS = 3_600_000;

interface LevelChartProps {
  skill: string;
  steps: Step[];
  before: number;
  height: number;
}

// As wide as there is room, so that its letters are always as big as the others.
function useWidth() {
  const figure = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = figure.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { figure, width };
}

export function LevelChart({ skill, steps, before, height }: LevelChartProps) {
  const { figure, width } = useWidth();
  const now = Date.now();
  const first = steps[0]?.at ?? now;
  const span = Math.max(MIN_SPAN_MS, (now - first) * 1.08);
  const x = (at: number) => LEFT + (1 - (now - at) / span) * (width - LEFT - RIGHT);
  const y = (level: number) => TOP + (1 - level / MAX_LEVEL) * (height - TOP - BOTTOM);
  const last = steps.at(-1)?.level ?? before;
  const line = `M${LEFT} ${y(before)}${steps.map((s) => `H${x(s.at).toFixed(1)}V${y(s.level).toFixed(1)}`).join("")}H${width - RIGHT}`;
  return (
    <figure class="level-chart" ref={figure} style={{ height: `${height}px` }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={sentence(skill, steps, before)}>
          {[0, ...MILESTONES].map((level) => (
            <g key={level}>
              <path class="axis" d={`M${LEFT} ${y(level)}H${width - RIGHT}`} />
              <text x={LEFT - 8} y={y(level) + 4} text-anchor="end">
                {level}
              </text>
            </g>
          ))}
          <path class="area" d={`${line}V${y(0)}H${LEFT}Z`} />
          <path class="line" d={line} />
          {steps.map((s, i) => (
            <circle key={i} cx={x(s.at)} cy={y(s.level)} r="3.5" />
          ))}
          <circle class="now" cx={width - RIGHT} cy={y(last)} r="5" />
          <text x={LEFT} y={height - 4}>
            {shortTime(new Date(now - span).toISOString())}
          </text>
          <text x={width - RIGHT} y={height - 4} text-anchor="end">
            now
          </text>
        </svg>
      )}
    </figure>
  );
}

function sentence(skill: string, steps: Step[], before: number): string {
  const last = steps.at(-1);
  if (!last) return `The level in ${skill} has not moved yet.`;
  const times = steps.length === 1 ? "once" : `${steps.length} times`;
  return `The level in ${skill} has moved ${times}, from ${before} to ${last.level} of ${MAX_LEVEL}.`;
}

export function LevelTable({ skill, steps }: { skill: string; steps: Step[] }) {
  return (
    <details class="more">
      <summary>The same as a table</summary>
      <div class="table" tabIndex={0} role="region" aria-label={`Levels in ${skill}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Since</th>
              <th scope="col" class="number">
                Level
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((s, i) => (
              <tr key={i}>
                <td>{fullTime(new Date(s.at).toISOString())}</td>
                <td class="number">{s.level}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
