// The people of a room: who is there now, who may do what, inviting, leaving; and the room's settings.
import { useEffect, useState } from "preact/hooks";
import { call } from "../../api.ts";
import { membersVersion, online, refreshRooms, setReadMark } from "../../chat.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { go } from "../../router.tsx";
import { me } from "../../session.ts";
import type { Invite, InviteResult, Member, OnlineUser, Room } from "../../wire.ts";
import { Confirm, Empty, Failure, Field, Waiting, valuesOf } from "../parts.tsx";
import { Banned, MemberItem } from "./member_item.tsx";
import { CoachHere } from "./coach_here.tsx";
import { RoomSettingsDialog } from "./room_settings.tsx";

interface Everybody {
  members: Member[];
  banned: Member[];
  invites: Invite[];
}

export function isModerator(room: Room): boolean {
  if (room.type === "general") return me.value?.role === "admin";
  return room.my_role === "moderator" || room.my_role === "creator";
}

async function askEverybody(room: Room): Promise<Everybody> {
  const path = `/api/rooms/${room.id}`;
  const ask = (state: string) => call<{ members: Member[] }>("GET", `${path}/members?page_size=500&state=${state}`);
  const [active, banned, invites] = await Promise.all([
    ask("active"),
    isModerator(room) ? ask("banned") : { members: [] },
    room.type === "group" ? call<{ invites: Invite[] }>("GET", `${path}/invites?page_size=100`) : { invites: [] },
  ]);
  return { members: active.members, banned: banned.members, invites: invites.invites };
}

// Everybody is in the general room, and only who is muted is listed: there, who is online makes the list.
function inGeneral(there: OnlineUser[], muted: Member[]): Member[] {
  const others = there.filter((u) => !muted.some((m) => m.user_id === u.user_id));
  return [
    ...muted,
    ...others.map((u): Member => ({ ...u, role: "member", state: "active", joined_at: null, muted_until: null, last_read_seq: 0 })),
  ];
}

export function People({ room, onClose }: { room: Room; onClose: () => void }) {
  const there = online.value.get(room.id) ?? [];
  const list = useLoaded(`${room.id} ${membersVersion.value} ${room.my_role}`, () => askEverybody(room));
  const [isSetting, setIsSetting] = useState(false);
  const data = list.data;
  const isGeneral = room.type === "general";
  useEffect(() => {
    if (!isGeneral) for (const m of data?.members ?? []) setReadMark(room.id, m.user_id, m.last_read_seq);
  }, [data]);
  const members = data && (isGeneral ? inGeneral(there, data.members) : data.members);
  return (
    <aside id="panel" class="panel members" aria-labelledby="members-title">
      <header>
        <h2 id="members-title">People</h2>
        <button type="button" class="icon" aria-label="Close the list of people" onClick={onClose}>
          ✕
        </button>
      </header>
      <p class="hint">
        {there.length} online
        {!isGeneral && data && ` · ${data.members.length} ${data.members.length === 1 ? "member" : "members"}`}
      </p>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!data && !list.error && <Waiting lines={3} />}
      <ul>
        {members?.map((m) => (
          <MemberItem key={m.user_id} room={room} member={m} isOnline={there.some((u) => u.user_id === m.user_id)} onChange={() => void list.reload()} />
        ))}
      </ul>
      {members?.length === 0 && <Empty>Nobody.</Empty>}
      {data && data.banned.length > 0 && <Banned room={room} members={data.banned} onChange={() => void list.reload()} />}
      {data && data.invites.length > 0 && <Invited room={room} invites={data.invites} onChange={() => void list.reload()} />}
      {room.type === "group" && <InviteForm room={room} onDone={() => void list.reload()} />}
      {room.coach_enabled && <CoachHere room={room} />}
      {isModerator(room) && (
        <p class="buttons part">
          <button type="button" class="small" onClick={() => setIsSetting(true)}>
            Settings of the room
          </button>
        </p>
      )}
      {isSetting && <RoomSettingsDialog room={room} onClose={() => setIsSetting(false)} />}
      {room.type === "group" && <Leaving room={room} />}
    </aside>
  );
}

interface InvitedProps {
  room: Room;
  invites: Invite[];
  onChange: () => void;
}

function Invited({ room, invites, onChange }: InvitedProps) {
  const deed = useDeed();
  const mayRevoke = (i: Invite) => i.inviter_id === me.value?.id || isModerator(room);
  return (
    <section class="part" aria-labelledby="invited-title">
      <h3 id="invited-title">Invited</h3>
      <ul class="rows">
        {invites.map((i) => (
          <li key={i.id} class="row">
            <span class="row-text">
              <bdi>{i.username}</bdi>
              <span class="hint">
                by <bdi>{i.inviter_username}</bdi>
              </span>
            </span>
            {mayRevoke(i) && (
              <button
                type="button"
                class="small"
                disabled={deed.busy}
                onClick={() => deed.run(async () => (await call("DELETE", `/api/rooms/invites/${i.id}`), onChange()))}
              >
                Take back<span class="hidden"> the invitation of {i.username}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      <Failure text={deed.error} />
    </section>
  );
}

function InviteForm({ room, onDone }: { room: Room; onDone: () => void }) {
  const deed = useDeed();
  const [done, setDone] = useState("");
  async function invite(names: string, form: HTMLFormElement) {
    setDone("");
    const usernames = names.split(/[\s,]+/).filter((n) => n !== "");
    const path = `/api/rooms/${room.id}/invites`;
    const { results } = await call<{ results: InviteResult[] }>("POST", path, { usernames });
    setDone(results.map((r) => `${r.username}: ${r.code === "OK" ? "invited" : r.message}`).join("; "));
    if (results.every((r) => r.code === "OK")) form.reset();
    onDone();
  }
  return (
    <form
      class="part"
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
  const mayDelete = room.my_role === "creator" || me.value?.role === "admin";
  async function doIt() {
    if (asks === "delete") await call("DELETE", `/api/rooms/${room.id}`);
    else await call("POST", `/api/rooms/${room.id}/leave`);
    go("/rooms");
    await refreshRooms();
  }
  return (
    <p class="buttons part">
      <button type="button" class="small" onClick={() => setAsks("leave")}>
        Leave
      </button>
      {mayDelete && (
        <button type="button" class="small danger" onClick={() => setAsks("delete")}>
          Delete room
        </button>
      )}
      {asks && (
        <Confirm
          title={asks === "delete" ? "Delete this room?" : "Leave this room?"}
          word={asks === "delete" ? "Delete" : "Leave"}
          onDo={doIt}
          onClose={() => setAsks("")}
        >
          {asks === "delete"
            ? "Everything that was said here is deleted, for everybody."
            : "You will no longer see what is said here. The last one who leaves deletes the room."}
        </Confirm>
      )}
    </p>
  );
}
