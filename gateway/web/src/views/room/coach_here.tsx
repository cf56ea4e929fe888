// The coach in this room: what answers here, what it is told, and whether it may hear oneself.
import { call } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import type { Room } from "../../wire.ts";
import { Failure } from "../parts.tsx";

export function CoachHere({ room }: { room: Room }) {
  // The list of rooms does not say which engine it is.
  const here = useLoaded(`${room.id} ${room.coach} ${room.coach_hears}`, () => call<Room>("GET", `/api/rooms/${room.id}`));
  const deed = useDeed();
  const r = here.data;
  function set(is_given: boolean) {
    if (!r) return;
    here.set({ ...r, coach_consent: is_given });
    void deed.run(async () => {
      await call("PUT", `/api/rooms/${room.id}/coach-consent`, { is_given }).finally(here.reload);
    });
  }
  return (
    <section class="part" aria-labelledby="coach-here-title">
      <h3 id="coach-here-title">The coach here</h3>
      <p class="hint">
        A message with <code>@coach</code> asks it. {r && engineOf(r)}{" "}
        {room.coach_hears === "conversation"
          ? "It is told what was said last, by those who let it hear them."
          : "It is told that message, and nothing else."}
      </p>
      <Failure text={here.error} retry={() => void here.reload()} />
      {r && room.coach_hears === "conversation" && (
        <label class="check">
          <input type="checkbox" checked={r.coach_consent} disabled={deed.busy} onChange={(e) => set(e.currentTarget.checked)} />
          <span>
            Let it hear me
            <small>What you say here from now on, when others ask it. You can take it back.</small>
          </span>
        </label>
      )}
      <Failure text={deed.error} />
    </section>
  );
}

function engineOf(r: Room): string {
  if (r.coach_engine === "" || r.coach_engine === "builtin") return "It is the built-in one: nothing leaves the server.";
  return `It is a language model: ${[r.coach_model, r.coach_endpoint].filter(Boolean).join(" at ")}.`;
}
