// Is all well: readiness, what is on its way, and the pool of connections.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { Failure, Waiting } from "../parts.tsx";
import { MasterKey } from "./master_key.tsx";
import { useLoad, type Load } from "./load.ts";
import { PoolChart, PoolTable } from "./pool.tsx";

export function HealthPart() {
  const load = useLoad();
  const { pool, isReady, samples, error } = load;
  return (
    <>
      <section class="card" aria-labelledby="health-title">
        <header class="section-head">
          <h2 id="health-title">Health</h2>
          <span class={isReady === false ? "pill bad" : "pill"} role="status">
            {isReady === undefined ? "Checking…" : isReady ? "Ready" : "Not ready"}
          </span>
        </header>
        <Failure text={error} />
        {!pool && !error && <Waiting lines={3} />}
        {pool && <Figures load={load} />}
      </section>
      {pool && (
        <>
          <section class="card" aria-labelledby="pool-title">
            <h2 id="pool-title">The pool of connections</h2>
            <PoolChart samples={samples} size={pool.size} />
            <PoolTable pool={pool} />
          </section>
          <Prune />
          <MasterKey />
        </>
      )}
    </>
  );
}

const sizes = ["bytes", "KB", "MB", "GB"];

function size(bytes: number): string {
  const power = Math.min(sizes.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Math.round(bytes / 1024 ** power)} ${sizes[power]}`;
}

function Figures({ load: { pool, metrics, samples } }: { load: Load }) {
  if (!pool) return null;
  const metric = (name: string) => metrics.get(`socializer_${name}`) ?? 0;
  const queued = ["read", "write", "password", "long"].reduce((n, lane) => n + metric(`rpc_queue_depth{lane="${lane}"}`), 0);
  const figures: [string, string | number][] = [
    ["Leased now", `${pool.leased} of ${pool.size}`],
    ["Waiting", pool.waiting],
    ["Leases a second", Math.round(samples.at(-1)?.perSecond ?? 0)],
    ["Leases", pool.leases_total.toLocaleString()],
    ["Timeouts", pool.timeouts_total],
    ["Held too long", pool.long_leases_total],
    ["Calls waiting", queued],
    ["Writes waiting", metric("db_queued_writes")],
    ["Live connections", metric("ws_connections")],
    ["Write-ahead log", size(metric("db_wal_bytes"))],
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Prune() {
  const deed = useDeed();
  const [done, setDone] = useState("");
  async function prune() {
    setDone("");
    const { deleted } = await call<{ deleted: number }>("POST", "/api/admin/prune");
    setDone(deleted === 1 ? "1 event went." : `${deleted.toLocaleString()} events went.`);
  }
  return (
    <section class="card" aria-labelledby="prune-title">
      <h2 id="prune-title">Forget what is too old</h2>
      <p class="hint">What rooms no longer keep goes by itself within the minute; this does it now, and gives free space back to the disk.</p>
      <p class="buttons">
        <button type="button" disabled={deed.busy} onClick={() => deed.run(prune)}>
          Prune now
        </button>
        <span role="status" class="done">
          {done}
        </span>
      </p>
      <Failure text={deed.error} />
    </section>
  );
}
