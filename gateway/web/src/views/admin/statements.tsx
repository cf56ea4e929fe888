// Every SQL statement that has run, the most expensive first, and how SQLite goes about it.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useLoaded } from "../../hooks.ts";
import type { Query } from "../../wire.ts";
import { Empty, Failure, Waiting } from "../parts.tsx";

type Order = "total_ms" | "mean_ms" | "max_ms" | "calls";

const columns: [Order, string, (q: Query) => string][] = [
  ["calls", "Calls", (q) => q.calls.toLocaleString()],
  ["total_ms", "Sum, ms", (q) => q.total_ms.toFixed(1)],
  ["mean_ms", "Mean, ms", (q) => q.mean_ms.toFixed(3)],
  ["max_ms", "Longest, ms", (q) => q.max_ms.toFixed(1)],
];

export function StatementsPart() {
  const [order, setOrder] = useState<Order>("total_ms");
  const list = useLoaded("queries", async () => (await call<{ queries: Query[] }>("GET", "/api/admin/queries?page_size=200&with_plans=true")).queries);
  const sorted = list.data && [...list.data].sort((a, b) => b[order] - a[order]);
  return (
    <section class="card" aria-labelledby="queries-title">
      <header class="section-head">
        <h2 id="queries-title">Every statement that has run</h2>
        <button type="button" class="small" onClick={() => void list.reload()}>
          Ask again
        </button>
      </header>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!list.data && !list.error && <Waiting lines={6} />}
      {sorted?.length === 0 && <Empty>None has run yet.</Empty>}
      {sorted && (
        <div class="table tall" tabIndex={0} role="region" aria-label="Statements">
          <table>
            <thead>
              <tr>
                <th scope="col">SQL</th>
                {columns.map(([key, label]) => (
                  <th key={key} scope="col" class="number" aria-sort={order === key ? "descending" : undefined}>
                    <button type="button" class="link" onClick={() => setOrder(key)}>
                      {label}
                      {order === key && <span aria-hidden="true"> ↓</span>}
                    </button>
                  </th>
                ))}
                <th scope="col" class="number">
                  Errors
                </th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((q) => (
                <tr key={q.sql}>
                  <td class="sql">
                    <details>
                      <summary>
                        <code>{q.sql}</code>
                      </summary>
                      <pre tabIndex={0}>
                        <code>{q.plan || "No plan: it reads no table."}</code>
                      </pre>
                    </details>
                  </td>
                  {columns.map(([key, , show]) => (
                    <td key={key} class="number">
                      {show(q)}
                    </td>
                  ))}
                  <td class="number">{q.errors}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
