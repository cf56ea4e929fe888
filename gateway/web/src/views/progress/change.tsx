// One change of a level: who judged, why, by which messages; and disputing it.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { rooms } from "../../chat.ts";
import { useDeed } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { fullTime, shortTime } from "../../time.ts";
import type { LevelChange, LevelEvidence } from "../../wire.ts";
import { Dialog, Failure, Field, Time, valuesOf } from "../parts.tsx";

export function Change({ change: c, onChange }: { change: LevelChange; onChange: () => void }) {
  const [asks, setAsks] = useState(false);
  const isUp = c.new_level > c.old_level;
  const mayDispute = !c.is_self_assessed && c.engine !== "admin" && !c.disputed_at;
  return (
    <li class={c.is_reverted ? "card change reverted" : "card change"} data-change={c.id}>
      <header class="section-head">
        <h3>
          <span aria-hidden="true">{isUp ? "▲" : "▼"}</span> From level {c.old_level} to {c.new_level}
        </h3>
        <Time iso={c.created_at} text={shortTime(c.created_at)} />
      </header>
      <p class="hint">{judgeOf(c)}</p>
      {c.why && <p dir="auto">{c.why}</p>}
      {c.evidence.length > 0 && (
        <ol class="evidence" aria-label="The messages that earned it">
          {c.evidence.map((e, i) => (
            <Evidence key={`${e.source} ${e.message_id}`} number={i + 1} evidence={e} />
          ))}
        </ol>
      )}
      {c.disputed_at && (
        <p class="note" dir="auto">
          You disputed this on {fullTime(c.disputed_at)}
          {c.is_reverted && ", and the level has gone back"}: {c.dispute_reason}
        </p>
      )}
      {mayDispute && (
        <p class="buttons">
          <button type="button" class="small" onClick={() => setAsks(true)}>
            Dispute<span class="hidden"> the change from {c.old_level} to {c.new_level}</span>
          </button>
        </p>
      )}
      {asks && <Dispute change={c} onClose={() => setAsks(false)} onDone={onChange} />}
    </li>
  );
}

function judgeOf(c: LevelChange): string {
  if (c.is_self_assessed) return "You judged yourself.";
  if (c.engine === "admin") return "An administrator set it.";
  return c.engine === "builtin" ? "The built-in coach judged." : `The coach judged (${c.engine}).`;
}

function Evidence({ number, evidence: e }: { number: number; evidence: LevelEvidence }) {
  const room = rooms.value?.find((r) => r.id === e.room_id);
  return (
    <li>
      <span aria-hidden="true" class="hint">
        [{number}]
      </span>
      <blockquote>
        {e.is_gone ? <p class="deleted">This message is no longer there.</p> : <p dir="auto">{e.text}</p>}
        <footer class="hint">
          {e.source === "coach" ? (
            "to the coach"
          ) : room ? (
            <>
              in <Link to={`/rooms/${e.room_id}/${e.seq}`}>{room.name}</Link>
            </>
          ) : (
            "in a room"
          )}
          {e.created_at && (
            <>
              {", "}
              <Time iso={e.created_at} text={shortTime(e.created_at)} />
            </>
          )}
        </footer>
      </blockquote>
    </li>
  );
}

function Dispute({ change: c, onClose, onDone }: { change: LevelChange; onClose: () => void; onDone: () => void }) {
  const deed = useDeed();
  async function dispute(reason: string) {
    await call("POST", `/api/users/me/levels/${c.id}/dispute`, { reason });
    onClose();
    onDone();
  }
  return (
    <Dialog title="Dispute this change?" onClose={onClose}>
      <p>
        Your level in {c.skill_name} goes back by what this changed, and these messages are not used again. That cannot be taken back.
      </p>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => dispute(v["reason"] ?? ""));
        }}
      >
        <Field label="Why it is wrong" name="reason" multiline required maxLength={1000} deed={deed} />
        <Failure text={deed.field === "reason" ? "" : deed.error} />
        <p class="buttons end">
          <button type="submit" class="primary" disabled={deed.busy}>
            Dispute
          </button>
        </p>
      </form>
    </Dialog>
  );
}
