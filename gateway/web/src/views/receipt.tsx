// What was deleted with an account, for whoever had it: there is nobody any more to ask for it.
import { useEffect } from "preact/hooks";
import { call } from "../api.ts";
import { receipt } from "../session.ts";
import { fullTime } from "../time.ts";
import type { Erasure } from "../wire.ts";

const EVERY_MS = 1000;

export function Receipt({ erasure: e }: { erasure: Erasure }) {
  const isFinished = e.finished_at !== null;
  useEffect(() => {
    if (isFinished) return;
    async function look() {
      const now = await call<Erasure>("GET", `/api/erasures/${e.erasure_id}`);
      if (receipt.value?.erasure_id === now.erasure_id) receipt.value = now;
    }
    const timer = setInterval(() => void look().catch(() => {}), EVERY_MS);
    return () => clearInterval(timer);
  }, [isFinished]);
  return (
    <section class="note receipt" aria-labelledby="receipt-title">
      <h2 id="receipt-title">Your account is deleted</h2>
      <p role="status">{isFinished ? `Finished on ${fullTime(e.finished_at)}.` : "The rest of it is being deleted…"}</p>
      {e.erased.length > 0 && (
        <dl class="figures">
          {e.erased.map((one) => (
            <div key={one.kind}>
              <dt>{one.kind.replaceAll("_", " ")}</dt>
              <dd>{one.count.toLocaleString()}</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="hint">
        Receipt <code>{e.erasure_id}</code>
        {e.sha256 && (
          <>
            , SHA-256 <code>{e.sha256}</code>
          </>
        )}
      </p>
      <p>
        <a href={`/api/erasures/${e.erasure_id}`} download={`receipt-${e.erasure_id}.json`}>
          Keep the receipt
        </a>
      </p>
    </section>
  );
}
