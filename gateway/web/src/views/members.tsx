// The people of a room: who is there now, who may do what, inviting, leaving.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api.ts";
import { membersVersion, online, refreshRooms, setReadMark } from "../chat.ts";
import { useDeed, useLoaded } from "../hooks.ts";
import { go } from "../router.tsx";
import { me } from "../session.ts";
import type { InviteResult, Member, MemberRole, Room } from "../wire.ts";
import { Avatar, Dialog, Empty, Failure, Field, Waiting, valuesOf } from "./parts.tsx";

const rank: Record<MemberRole, number> = { member: 1, moderator: 2, creator: 3 };

export function Members({ room, onClose }: { room: Room; onClose: () => void }) {
  const there = online.value.get(room.id) ?? [];
  const list = useLoaded(`${room.id} ${membersVersion.value}`, async () => {
    // Everybody is in the general room: there, who is online is all that is worth a list.
    if (room.type === "general") return [];
    return (await call<{ members: Member[] }>("GET", `/api/rooms/${room.id}/members?page_size=500`)).members;
  });
  useEffect(() => {
    for (const m of list.data ?? []) setReadMark(room.id, m.user_id, m.last_read_seq);
  }, [list.data]);
  const isGeneral = room.type === "general";
  return (
    <aside id="members" class="members" aria-labelledby="members-title">
      <header>
        <h2 id="members-title">People</h2>
        <button type="button" class="icon" aria-label="Close the list of people" onClick={onClose}>
          ✕
        </button>
      </header>
      <p class="hint">{there.length} online</p>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!list.data && !list.error && <Waiting lines={3} />}
      <ul>
        {isGeneral
          ? there.map((u) => (
              <li key={u.user_id} class="member">
                <Avatar name={u.username} />
                <span class="item-text">
                  <bdi class="item-name">{u.username}</bdi>
                  <span class="item-note">online</span>
                </span>
              </li>
            ))
          : list.data?.map((m) => (
              <MemberItem
                key={m.user_id}
                room={room}
                member={m}
                isOnline={there.some((u) => u.user_id === m.user_id)}
              />
            ))}
      </ul>
      {list.data && !isGeneral && list.data.length === 0 && <Empty>Nobody.</Empty>}
      {room.type === "group" && <InviteForm room={room} />}
      {room.type === "group" && <Leaving room={room} />}
    </aside>
  );
}

function MemberItem({ room, member: m, isOnline }: { room: Room; member: Member; isOnline: boolean }) {
  const deed = useDeed();
  const mayRemove =
    room.type === "group" &&
    m.user_id !== me.value?.id &&
    rank[room.my_role ?? "member"] > rank[m.role] &&
    room.my_role !== "member";
  const notes = [isOnline ? "online" : "", m.role === "member" ? "" : m.role].filter((n) => n !== "");
  const path = `/api/rooms/${room.id}/members/${m.user_id}`;
  return (
    <li class="member">
      <Avatar name={m.username} />
      <span class="item-text">
        <bdi class="item-name">{m.username}</bdi>
        <span class="item-note">{notes.join(" · ")}</span>
      </span>
      {mayRemove && (
        <details class="member-menu">
          <summary aria-label={`Manage ${m.username}`}>⋯</summary>
          <p class="buttons">
            {room.my_role === "creator" && (
              <button
                type="button"
                class="small"
                onClick={() => deed.run(() => call("PATCH", path, { role: m.role === "moderator" ? "member" : "moderator" }))}
              >
                {m.role === "moderator" ? "No longer moderator" : "Make moderator"}
              </button>
            )}
            <button type="button" class="small" onClick={() => deed.run(() => call("PATCH", path, { mute_seconds: 3600 }))}>
              Mute for an hour
            </button>
            <button type="button" class="small danger" onClick={() => deed.run(() => call("DELETE", path))}>
              Remove
            </button>
          </p>
        </details>
      )}
      <Failure text={deed.error} />
    </li>
  );
}

function InviteForm({ room }: { room: Room }) {
  const deed = useDeed();
  const [done, setDone] = useState("");
  async function invite(names: string, form: HTMLFormElement) {
    setDone("");
    const usernames = names.split(/[\s,]+/).filter((n) => n !== "");
    const path = `/api/rooms/${room.id}/invites`;
    const { results } = await call<{ results: InviteResult[] }>("POST", path, { usernames });
    setDone(results.map((r) => `${r.username}: ${r.code === "OK" ? "invited" : r.message}`).join("; "));
    if (results.every((r) => r.code === "OK")) form.reset();
  }
  return (
    <form
      class="invite"
      onSubmit={(event) => {
        const form = event.currentTarget;
        const v = valuesOf(event);
        void deed.run(() => invite(v["usernames"] ?? "", form));
      }}
    >
      <Field label="Invite" name="usernames" hint="User names, separated by commas" required deed={deed} />
      <Failure text={deed.field === "usernames" ? "" : deed.error} />
      <p class="hint" role="status">
        {done}
      </p>
      <button type="submit" class="small" disabled={deed.busy}>
        Invite
      </button>
    </form>
  );
}

function Leaving({ room }: { room: Room }) {
  const [asks, setAsks] = useState<"leave" | "delete" | "">("");
  const deed = useDeed();
  const mayDelete = room.my_role === "creator" || me.value?.role === "admin";
  async function doIt() {
    if (asks === "delete") await call("DELETE", `/api/rooms/${room.id}`);
    else await call("POST", `/api/rooms/${room.id}/leave`);
    setAsks("");
    go("/rooms");
    await refreshRooms();
  }
  return (
    <p class="buttons leaving">
      <button type="button" class="small" onClick={() => setAsks("leave")}>
        Leave
      </button>
      {mayDelete && (
        <button type="button" class="small danger" onClick={() => setAsks("delete")}>
          Delete room
        </button>
      )}
      {asks && (
        <Dialog title={asks === "delete" ? "Delete this room?" : "Leave this room?"} onClose={() => setAsks("")}>
          <p>
            {asks === "delete"
              ? "Everything that was said here is deleted, for everybody."
              : "You will no longer see what is said here. The last one who leaves deletes the room."}
          </p>
          <Failure text={deed.error} />
          <p class="buttons end">
            <button type="button" class="primary danger" disabled={deed.busy} onClick={() => deed.run(doIt)}>
              {asks === "delete" ? "Delete" : "Leave"}
            </button>
          </p>
        </Dialog>
      )}
    </p>
  );
}
