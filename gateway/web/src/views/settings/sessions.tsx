// Where one is signed in, and ending it: one, all others, or all.
import { call, enc } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { signOut } from "../../session.ts";
import { shortTime } from "../../time.ts";
import { clientName } from "../../user_agent.ts";
import type { Session } from "../../wire.ts";
import { Failure, Time, Waiting } from "../parts.tsx";

export function Sessions() {
  const list = useLoaded("sessions", async () => (await call<{ sessions: Session[] }>("GET", "/api/users/me/sessions?page_size=100")).sessions);
  const deed = useDeed();
  async function endOthers() {
    await call("DELETE", "/api/users/me/sessions?keep_current=true");
    await list.reload();
  }
  // This one last, by its own way out, which also takes the cookie.
  async function endAll() {
    await call("DELETE", "/api/users/me/sessions?keep_current=true");
    await signOut();
  }
  return (
    <section class="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Where you are signed in</h2>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!list.data && !list.error && <Waiting lines={3} />}
      <ul class="rows">
        {list.data?.map((s) => (
          <Row key={s.session_id} session={s} onEnded={() => void list.reload()} />
        ))}
      </ul>
      <Failure text={deed.error} />
      <p class="buttons">
        <button type="button" disabled={deed.busy || (list.data?.length ?? 0) < 2} onClick={() => deed.run(endOthers)}>
          Sign out everywhere else
        </button>
        <button type="button" class="danger" disabled={deed.busy} onClick={() => deed.run(endAll)}>
          Sign out everywhere
        </button>
      </p>
    </section>
  );
}

function Row({ session: s, onEnded }: { session: Session; onEnded: () => void }) {
  const deed = useDeed();
  async function end() {
    await call("DELETE", `/api/users/me/sessions/${enc(s.session_id)}`);
    onEnded();
  }
  return (
    <li class="row">
      <span class="row-text">
        <span dir="auto">
          {clientName(s.client) || "A program"} {s.is_current && <span class="pill">this one</span>}
        </span>
        <span class="hint">
          since <Time iso={s.created_at} text={shortTime(s.created_at)} />
          {s.last_used_at && (
            <>
              , last used <Time iso={s.last_used_at} text={shortTime(s.last_used_at)} />
            </>
          )}
          , until <Time iso={s.expires_at} text={shortTime(s.expires_at)} />
        </span>
        <Failure text={deed.error} />
      </span>
      {!s.is_current && (
        <button type="button" class="small" disabled={deed.busy} onClick={() => deed.run(end)}>
          Sign out<span class="hidden"> {clientName(s.client)}</span>
        </button>
      )}
    </li>
  );
}
