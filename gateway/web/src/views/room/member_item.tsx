// Somebody in a room, and what whoever ranks above may do.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { me } from "../../session.ts";
import { fullTime } from "../../time.ts";
import type { Member, MemberRole, Room } from "../../wire.ts";
import { Avatar, Confirm, Failure } from "../parts.tsx";

const rank: Record<MemberRole, number> = { member: 1, moderator: 2, creator: 3 };

interface MemberItemProps {
  room: Room;
  member: Member;
  isOnline: boolean;
  onChange: () => void;
}

function mayManage(room: Room, m: Member): boolean {
  if (m.user_id === me.value?.id) return false;
  if (room.type === "general") return me.value?.role === "admin";
  return room.type === "group" && room.my_role !== "member" && rank[room.my_role ?? "member"] > rank[m.role];
}

function isMuted(m: Member): boolean {
  return m.muted_until !== null && Date.parse(m.muted_until) > Date.now();
}

export function MemberItem({ room, member: m, isOnline, onChange }: MemberItemProps) {
  const notes = [isOnline ? "online" : "", m.role === "member" ? "" : m.role, isMuted(m) ? "muted" : ""].filter((n) => n !== "");
  return (
    <li class={isOnline ? "member online" : "member"}>
      <Avatar name={m.username} />
      <span class="item-text">
        <bdi class="item-name">
          {m.username}
          {m.user_id === me.value?.id && <span class="item-note"> (you)</span>}
        </bdi>
        <span class="item-note" title={isMuted(m) ? `Muted until ${fullTime(m.muted_until)}` : undefined}>
          {notes.join(" · ")}
        </span>
      </span>
      {mayManage(room, m) && <Manage room={room} member={m} onChange={onChange} />}
    </li>
  );
}

const mutes: [string, number][] = [
  ["an hour", 3_600],
  ["a day", 86_400],
  ["a week", 604_800],
];

type Question = "" | "remove" | "ban" | "creator";

function Manage({ room, member: m, onChange }: { room: Room; member: Member; onChange: () => void }) {
  const deed = useDeed();
  const [asks, setAsks] = useState<Question>("");
  const path = `/api/rooms/${room.id}/members/${m.user_id}`;
  const isGroup = room.type === "group";
  async function change(changes: { role?: MemberRole; mute_seconds?: number }) {
    await call("PATCH", path, changes);
    onChange();
  }
  async function remove(query: string) {
    await call("DELETE", path + query);
    onChange();
  }
  const patch = (changes: Parameters<typeof change>[0]) => void deed.run(() => change(changes));
  const answer = { remove: () => remove(""), ban: () => remove("?ban=true"), creator: () => change({ role: "creator" }) };
  return (
    <details class="member-menu">
      <summary aria-label={`Manage ${m.username}`}>⋯</summary>
      <div class="buttons">
        {isGroup && room.my_role === "creator" && (
          <>
            <button type="button" class="small" onClick={() => patch({ role: m.role === "moderator" ? "member" : "moderator" })}>
              {m.role === "moderator" ? "No longer moderator" : "Make moderator"}
            </button>
            <button type="button" class="small" onClick={() => setAsks("creator")}>
              Hand the room over
            </button>
          </>
        )}
        {isMuted(m) ? (
          <button type="button" class="small" onClick={() => patch({ mute_seconds: 0 })}>
            Unmute
          </button>
        ) : (
          <label>
            <span class="hidden">Mute {m.username} for</span>
            <select class="small" value="" disabled={deed.busy} onChange={(e) => e.currentTarget.value && patch({ mute_seconds: Number(e.currentTarget.value) })}>
              <option value="">Mute for…</option>
              {mutes.map(([word, seconds]) => (
                <option key={seconds} value={seconds}>
                  {word}
                </option>
              ))}
            </select>
          </label>
        )}
        {isGroup && (
          <button type="button" class="small danger" onClick={() => setAsks("remove")}>
            Remove
          </button>
        )}
        <button type="button" class="small danger" onClick={() => setAsks("ban")}>
          Ban
        </button>
      </div>
      <Failure text={deed.error} />
      {asks && (
        <Confirm title={questions[asks].title(m.username)} word={questions[asks].word} onDo={answer[asks]} onClose={() => setAsks("")}>
          {questions[asks].text}
        </Confirm>
      )}
    </details>
  );
}

const questions: Record<Exclude<Question, "">, { title: (name: string) => string; text: string; word: string }> = {
  remove: { title: (n) => `Remove ${n}?`, text: "They see no more of what is said here, and may be invited again.", word: "Remove" },
  ban: { title: (n) => `Ban ${n}?`, text: "They are removed, and cannot join or be invited until the ban is lifted.", word: "Ban" },
  creator: { title: (n) => `Hand the room to ${n}?`, text: "You are a moderator then, and only they can hand it back.", word: "Hand over" },
};

interface BannedProps {
  room: Room;
  members: Member[];
  onChange: () => void;
}

export function Banned({ room, members, onChange }: BannedProps) {
  const deed = useDeed();
  async function unban(userId: number) {
    await call("POST", `/api/rooms/${room.id}/members/${userId}/unban`);
    onChange();
  }
  return (
    <section class="part" aria-labelledby="banned-title">
      <h3 id="banned-title">Banned</h3>
      <ul class="rows">
        {members.map((m) => (
          <li key={m.user_id} class="row">
            <bdi class="row-text">{m.username}</bdi>
            <button type="button" class="small" disabled={deed.busy} onClick={() => deed.run(() => unban(m.user_id))}>
              Lift the ban<span class="hidden"> of {m.username}</span>
            </button>
          </li>
        ))}
      </ul>
      <Failure text={deed.error} />
    </section>
  );
}
