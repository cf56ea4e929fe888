// For administrators: is all well, who holds which connection, what is slow, who is there.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api.ts";
import { textOf, useDeed, useLoaded } from "../hooks.ts";
import { me } from "../session.ts";
import { shortTime, timeOf } from "../time.ts";
import type { Pool, Query, User } from "../wire.ts";
import { Failure, PageTitle, Time, Waiting } from "./parts.tsx";

const EVERY_MS = 2000;
const SAMPLES = 60;

export function Admin() {
  return (
    <main class="page wide">
      <PageTitle title="Administration">Administration</PageTitle>
      <PoolSection />
      <Queries />
      <Users />
    </main>
  );
}

interface Sample {
  at: number;
  leased: number;
  waiting: number;
  perSecond: number;
}

// Asks every two seconds while the page is in sight.
function usePool() {
  const [pool, setPool] = useState<Pool>();
  const [isReady, setIsReady] = useState<boolean>();
  const [samples, setSamples] = useState<Sample[]>([]);
  const [error, setError] = useState("");
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    let last: { leases: number; at: number } | null = null;
    async function ask() {
      if (document.visibilityState === "visible") {
        try {
          const [next, ready] = await Promise.all([call<Pool>("GET", "/api/admin/pool"), fetch("/ready")]);
          if (isOver) return;
          const at = Date.now();
          const perSecond = last ? Math.max(0, ((next.leases_total - last.leases) * 1000) / (at - last.at)) : 0;
          last = { leases: next.leases_total, at };
          setPool(next);
          setIsReady(ready.ok);
          setError("");
          setSamples((s) => [...s, { at, leased: next.leased, waiting: next.waiting, perSecond }].slice(-SAMPLES));
        } catch (e) {
          if (isOver) return;
          setIsReady(false);
          setError(textOf(e));
        }
      }
      timer = setTimeout(() => void ask(), EVERY_MS);
    }
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return { pool, isReady, samples, error };
}

function PoolSection() {
  const { pool, isReady, samples, error } = usePool();
  return (
    <section class="card" aria-labelledby="pool-title">
      <header class="section-head">
        <h2 id="pool-title">Health and connections</h2>
        <span class={isReady === false ? "pill bad" : "pill"} role="status">
          {isReady === undefined ? "Checking…" : isReady ? "Ready" : "Not ready"}
        </span>
      </header>
      <Failure text={error} />
      {!pool && !error && <Waiting lines={4} />}
      {pool && (
        <>
          <dl class="figures">
            <Figure name="Leased now" value={`${pool.leased} of ${pool.size}`} />
            <Figure name="Waiting" value={pool.waiting} />
            <Figure name="Leases a second" value={Math.round(samples.at(-1)?.perSecond ?? 0)} />
            <Figure name="Leases" value={pool.leases_total.toLocaleString()} />
            <Figure name="Timeouts" value={pool.timeouts_total} />
          </dl>
          <Chart samples={samples} />
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
                    <td>{c.leased ? <code>{c.holder}</code> : "free"}</td>
                    <td>
                      <Time iso={c.leased_at} text={timeOf(c.leased_at)} />
                    </td>
                    <td class="number">{c.leases.toLocaleString()}</td>
                    <td class="number">{c.cached_statements}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Chart({ samples }: { samples: Sample[] }) {
  const max = Math.max(10, ...samples.map((s) => s.perSecond));
  const x = (i: number) => (i + SAMPLES - samples.length) * (600 / (SAMPLES - 1));
  const points = samples.map((s, i) => `${x(i).toFixed(1)},${(100 - (s.perSecond / max) * 96).toFixed(1)}`);
  return (
    <figure class="chart">
      <svg viewBox="0 0 600 102" preserveAspectRatio="none" role="img" aria-label={`Leases a second in the last two minutes; at most ${Math.round(max)}`}>
        <path d="M0 100.5H600" class="axis" />
        {points.length > 1 && <polyline points={points.join(" ")} />}
      </svg>
      <figcaption class="hint">Leases a second, the last two minutes; the top is {Math.round(max)}</figcaption>
    </figure>
  );
}

function Queries() {
  const list = useLoaded("queries", async () => (await call<{ queries: Query[] }>("GET", "/api/admin/queries?page_size=30")).queries);
  return (
    <section class="card" aria-labelledby="queries-title">
      <header class="section-head">
        <h2 id="queries-title">Statements, the most expensive first</h2>
        <button type="button" class="small" onClick={() => void list.reload()}>
          Ask again
        </button>
      </header>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!list.data && !list.error && <Waiting lines={6} />}
      {list.data && (
        <div class="table" tabIndex={0} role="region" aria-label="Statements">
          <table>
            <thead>
              <tr>
                <th scope="col">SQL</th>
                <th scope="col" class="number">
                  Calls
                </th>
                <th scope="col" class="number">
                  Sum, ms
                </th>
                <th scope="col" class="number">
                  Mean, ms
                </th>
                <th scope="col" class="number">
                  Longest, ms
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.map((q) => (
                <tr key={q.sql}>
                  <td class="sql">
                    <code>{q.sql}</code>
                  </td>
                  <td class="number">{q.calls.toLocaleString()}</td>
                  <td class="number">{q.total_ms.toFixed(1)}</td>
                  <td class="number">{q.mean_ms.toFixed(3)}</td>
                  <td class="number">{q.max_ms.toFixed(1)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

interface Page {
  users: User[];
  next_page_token: string;
}

function Users() {
  const [users, setUsers] = useState<User[]>([]);
  const [token, setToken] = useState<string>();
  const deed = useDeed();
  function more(from: string) {
    void deed.run(async () => {
      const page = await call<Page>("GET", `/api/admin/users?page_size=100&page_token=${from}`);
      setUsers((u) => (from === "" ? page.users : [...u, ...page.users]));
      setToken(page.next_page_token);
    });
  }
  useEffect(() => more(""), []);
  return (
    <section class="card" aria-labelledby="users-title">
      <h2 id="users-title">People</h2>
      <Failure text={deed.error} />
      {token === undefined && deed.error === "" && <Waiting lines={4} />}
      <div class="table" tabIndex={0} role="region" aria-label="Accounts">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">E-mail</th>
              <th scope="col">Since</th>
              <th scope="col">Role</th>
              <th scope="col">Active</th>
            </tr>
          </thead>
          <tbody>
            {users.map((u) => (
              <UserRow key={u.id} user={u} onChange={(n) => setUsers((all) => all.map((o) => (o.id === n.id ? n : o)))} />
            ))}
          </tbody>
        </table>
      </div>
      {token && (
        <p class="buttons">
          <button type="button" disabled={deed.busy} onClick={() => more(token)}>
            More
          </button>
        </p>
      )}
    </section>
  );
}

function UserRow({ user, onChange }: { user: User; onChange: (user: User) => void }) {
  const deed = useDeed();
  const isMe = user.id === me.value?.id;
  function change(changes: Partial<User>) {
    void deed.run(async () => onChange(await call<User>("PATCH", `/api/users/${user.id}`, changes)));
  }
  return (
    <tr>
      <th scope="row">
        <bdi>{user.username}</bdi>
        <Failure text={deed.error} />
      </th>
      <td>{user.email}</td>
      <td>
        <Time iso={user.created_at} text={shortTime(user.created_at)} />
      </td>
      <td>
        <select
          aria-label={`Role of ${user.username}`}
          value={user.role}
          disabled={isMe || deed.busy}
          onChange={(e) => change({ role: e.currentTarget.value as User["role"] })}
        >
          <option value="user">user</option>
          <option value="admin">admin</option>
        </select>
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={`${user.username} may sign in`}
          checked={user.is_active}
          disabled={isMe || deed.busy}
          onChange={(e) => change({ is_active: e.currentTarget.checked })}
        />
      </td>
    </tr>
  );
}
