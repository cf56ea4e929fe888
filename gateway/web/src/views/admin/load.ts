// What the service does now, asked for every two seconds while the page is in sight.
import { useEffect, useState } from "preact/hooks";
import { call } from "../../api.ts";
import { textOf } from "../../hooks.ts";
import type { Pool } from "../../wire.ts";

const EVERY_MS = 2000;
export const SAMPLES = 60;

export interface Sample {
  leased: number;
  waiting: number;
  perSecond: number;
}

export interface Load {
  pool: Pool | undefined;
  isReady: boolean | undefined;
  // Of /metrics, by name and labels as they stand there.
  metrics: ReadonlyMap<string, number>;
  samples: Sample[];
  error: string;
}

export function readMetrics(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

async function askMetrics(): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch("/metrics");
  return answer.ok ? readMetrics(await answer.text()) : new Map<string, number>();
}

export function useLoad(): Load {
  const [load, setLoad] = useState<Load>({ pool: undefined, isReady: undefined, metrics: new Map(), samples: [], error: "" });
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    let last: { leases: number; at: number } | null = null;
    async function look() {
      const [pool, ready, metrics] = await Promise.all([call<Pool>("GET", "/api/admin/pool"), fetch("/ready"), askMetrics()]);
      const at = Date.now();
      const perSecond = last ? Math.max(0, ((pool.leases_total - last.leases) * 1000) / (at - last.at)) : 0;
      last = { leases: pool.leases_total, at };
      const sample = { leased: pool.leased, waiting: pool.waiting, perSecond };
      if (!isOver) setLoad((l) => ({ pool, isReady: ready.ok, metrics, samples: [...l.samples, sample].slice(-SAMPLES), error: "" }));
    }
    async function run() {
      if (document.visibilityState === "visible")
        await look().catch((e: unknown) => isOver || setLoad((l) => ({ ...l, isReady: false, error: textOf(e) })));
      if (!isOver) timer = setTimeout(() => void run(), EVERY_MS);
    }
    void run();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return load;
}
