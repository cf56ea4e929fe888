// What a room is: name, description and coach are the moderators', the rest the creator's.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { refreshRooms } from "../../chat.ts";
import { useDeed } from "../../hooks.ts";
import { me } from "../../session.ts";
import type { Room, UpdateRoom } from "../../wire.ts";
import { Check, Choice, Dialog, Failure, Field, valuesOf } from "../parts.tsx";

const DAY_S = 86_400;
const coaches: [string, string][] = [
  ["builtin", "The built-in one: nothing leaves the server"],
  ["server", "The server's, which may be a language model elsewhere"],
];
const hearings: [string, string][] = [
  ["message", "Only the message that addresses it"],
  ["conversation", "Also what was said last, by those who agree"],
];

export function RoomSettingsDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const deed = useDeed();
  const [hasCoach, setHasCoach] = useState(room.coach_enabled);
  const [removesPassword, setRemovesPassword] = useState(false);
  const isGroup = room.type === "group";
  const mayAll = isGroup && (room.my_role === "creator" || me.value?.role === "admin");

  // Exactly what is different.
  function changesOf(v: Record<string, string>): UpdateRoom {
    const changes: UpdateRoom = {};
    if (v["name"] !== undefined && v["name"] !== room.name) changes.name = v["name"];
    if (v["description"] !== undefined && v["description"] !== room.description) changes.description = v["description"];
    if (hasCoach !== room.coach_enabled) changes.coach_enabled = hasCoach;
    if (hasCoach && v["coach"] !== room.coach) changes.coach = v["coach"] as NonNullable<UpdateRoom["coach"]>;
    if (hasCoach && v["coach_hears"] !== room.coach_hears) changes.coach_hears = v["coach_hears"] as NonNullable<UpdateRoom["coach_hears"]>;
    if (!mayAll) return changes;
    if ((v["is_public"] === "on") !== room.is_public) changes.is_public = !room.is_public;
    if (removesPassword) changes.password = "";
    else if (v["password"]) changes.password = v["password"];
    if (Number(v["max_members"]) !== room.max_members) changes.max_members = Number(v["max_members"]);
    const retention = Math.round(Number(v["retention_days"]) * DAY_S);
    if (retention !== room.retention_seconds) changes.retention_seconds = retention;
    return changes;
  }
  async function save(v: Record<string, string>) {
    const changes = changesOf(v);
    if (Object.keys(changes).length > 0) await call<Room>("PATCH", `/api/rooms/${room.id}`, changes);
    await refreshRooms();
    onClose();
  }

  return (
    <Dialog title="Settings of the room" onClose={onClose}>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => save(v));
        }}
      >
        {isGroup && <Field label="Name" name="name" required maxLength={100} defaultValue={room.name} deed={deed} />}
        <Field label="Description" name="description" maxLength={1000} multiline defaultValue={room.description} deed={deed} />
        <label class="check">
          <input type="checkbox" checked={hasCoach} onChange={(e) => setHasCoach(e.currentTarget.checked)} />
          <span>
            Coach<small>Answers when it is addressed with @coach</small>
          </span>
        </label>
        {hasCoach && (
          <>
            <Choice label="Which coach" name="coach" chosen={room.coach ?? "builtin"} options={coaches} />
            <Choice label="What it is told" name="coach_hears" chosen={room.coach_hears ?? "message"} options={hearings} />
          </>
        )}
        {mayAll && (
          <>
            <Check name="is_public" label="Public" hint="Listed, and open to everybody" isChecked={room.is_public} />
            {!removesPassword && (
              <Field
                label={room.has_password ? "New password" : "Password"}
                name="password"
                type="password"
                autocomplete="new-password"
                maxLength={1024}
                hint={room.has_password ? "Empty keeps the one that there is" : "Empty: none"}
                deed={deed}
              />
            )}
            {room.has_password && (
              <label class="check">
                <input type="checkbox" checked={removesPassword} onChange={(e) => setRemovesPassword(e.currentTarget.checked)} />
                <span>Take the password away</span>
              </label>
            )}
            <Field label="At most this many people" name="max_members" type="number" min={1} max={10000} defaultValue={String(room.max_members)} deed={deed} />
            <Field
              label="Keep messages for this many days"
              name="retention_days"
              type="number"
              min={0}
              max={36500}
              step="any"
              defaultValue={String(room.retention_seconds / DAY_S)}
              hint="0 keeps them for good. Older ones are deleted within a minute."
              deed={deed}
            />
          </>
        )}
        <Failure text={deed.field === "" ? deed.error : ""} />
        <p class="buttons end">
          <button type="submit" class="primary" disabled={deed.busy}>
            Save
          </button>
        </p>
      </form>
    </Dialog>
  );
}
