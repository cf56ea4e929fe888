// The connections of the pool: who holds which since when, and how busy they were.
import { timeOf } from "../../time.ts";
import type { Pool } from "../../wire.ts";
import { Time } from "../parts.tsx";
import { SAMPLES, type Sample } from "./load.ts";

const WIDTH = 600;
const HEIGHT = 100;

export function PoolTable({ pool }: { pool: Pool }) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label="Connections">
      <table>
        <thead>
          <tr>
            <th scope="col">Connection</th>
            <th scope="col">Mode</th>
            <th scope="col">Holder</th>
            <th scope="col">Since</th>
            <th scope="col" class="number">
              Leases
            </th>
            <th scope="col" class="number">
              Statements
            </th>
          </tr>
        </thead>
        <tbody>
          {pool.connections.map((c) => (
            <tr key={c.id}>
              <th scope="row">{c.id}</th>
              <td>{c.mode}</td>
              <td>{c.leased ? <code title={c.request_id}>{c.holder}</code> : "free"}</td>
              <td>
                {c.leased && (
                  <>
                    <Time iso={c.leased_at} text={timeOf(c.leased_at)} /> ({(c.held_seconds * 1000).toFixed(0)} ms)
                  </>
                )}
              </td>
              <td class="number">{c.leases.toLocaleString()}</td>
              <td class="number">{c.cached_statements}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// The newest sample is at the right; two minutes are the whole width.
function line(samples: Sample[], valueOf: (s: Sample) => number, top: number): string {
  const x = (i: number) => (i + SAMPLES - samples.length) * (WIDTH / (SAMPLES - 1));
  return samples.map((s, i) => `${x(i).toFixed(1)},${(HEIGHT - (valueOf(s) / top) * (HEIGHT - 4)).toFixed(1)}`).join(" ");
}

export function PoolChart({ samples, size }: { samples: Sample[]; size: number }) {
  const most = Math.max(0, ...samples.map((s) => s.perSecond));
  const top = Math.max(10, most);
  const leased = Math.max(0, ...samples.map((s) => s.leased + s.waiting));
  const sentence = `In the last two minutes at most ${Math.round(most)} leases a second, and ${leased} of ${size} connections leased or waited for when we looked`;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" role="img" aria-label={sentence}>
        <path d={`M0 ${HEIGHT + 0.5}H${WIDTH}`} class="axis" />
        {samples.length > 1 && (
          <>
            <polyline class="second" points={line(samples, (s) => s.leased + s.waiting, Math.max(size, leased))} />
            <polyline points={line(samples, (s) => s.perSecond, top)} />
          </>
        )}
      </svg>
      <figcaption class="hint">
        <span class="key" aria-hidden="true" /> leases a second (top: {Math.round(top)}) · <span class="key second" aria-hidden="true" /> connections leased or
        waited for (top: {Math.max(size, leased)}) · two minutes
      </figcaption>
    </figure>
  );
}
