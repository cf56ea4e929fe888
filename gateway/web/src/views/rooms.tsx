// The rooms: one's own, public ones, invitations, and what was said in them. On a wide screen the list
// stays beside the open room; on a phone there is one or the other.
import { useState } from "preact/hooks";
import { call, enc } from "../api.ts";
import { firstRooms, invites, refreshRooms, rooms } from "../chat.ts";
import { useDeed, useLoaded } from "../hooks.ts";
import { Link, go } from "../router.tsx";
import { shortTime } from "../time.ts";
import type { Invite, Room } from "../wire.ts";
import { CreateRoomDialog } from "./create_room.tsx";
import { MessageSearch } from "./message_search.tsx";
import { Avatar, Empty, Failure, PageTitle, Time, Waiting } from "./parts.tsx";
import { RoomView } from "./room/room.tsx";

// seq: the message that one wants to see.
export function RoomsPage({ roomId, seq }: { roomId: number; seq: number }) {
  return (
    <div class={roomId ? "rooms has-room" : "rooms"}>
      <RoomList isPage={!roomId} />
      {roomId ? (
        <RoomView key={roomId} roomId={roomId} seq={seq} />
      ) : (
        <section class="no-room" aria-hidden="true">
          <p>Choose a room to read and write.</p>
        </section>
      )}
    </div>
  );
}

type Tab = "mine" | "public" | "search";
const tabs: [Tab, string][] = [
  ["mine", "Mine"],
  ["public", "Public"],
  ["search", "Search"],
];

// isPage: nothing else is on the screen, so that this is its main part.
function RoomList({ isPage }: { isPage: boolean }) {
  const [tab, setTab] = useState<Tab>("mine");
  const [isCreating, setIsCreating] = useState(false);
  const Frame = isPage ? "main" : "aside";
  return (
    <Frame class="room-list" aria-label={isPage ? undefined : "Rooms"}>
      <header class="list-head">
        {isPage ? <PageTitle title="Rooms">Rooms</PageTitle> : <h2>Rooms</h2>}
        <button type="button" class="primary small" onClick={() => setIsCreating(true)}>
          New room
        </button>
      </header>
      <div class="tabs" role="group" aria-label="Which rooms">
        {tabs.map(([key, label]) => (
          <button key={key} type="button" aria-pressed={tab === key} onClick={() => setTab(key)}>
            {label}
          </button>
        ))}
      </div>
      <div class="list-body">
        {tab === "mine" && <MyRooms />}
        {tab === "public" && <PublicRooms />}
        {tab === "search" && <MessageSearch roomId={0} />}
      </div>
      {isCreating && <CreateRoomDialog onClose={() => setIsCreating(false)} />}
    </Frame>
  );
}

function MyRooms() {
  const first = useLoaded("rooms", async () => {
    if (!rooms.value) await firstRooms();
  });
  if (!rooms.value) return first.error ? <Failure text={first.error} retry={() => void first.reload()} /> : <Waiting lines={5} />;
  return (
    <>
      <Invitations />
      {rooms.value.length === 0 && <Empty>You are in no room yet. Look at the public ones.</Empty>}
      <ul class="items">
        {rooms.value.map((room) => (
          <li key={room.id}>
            <RoomItem room={room} />
          </li>
        ))}
      </ul>
    </>
  );
}

function RoomItem({ room }: { room: Room }) {
  return (
    <Link to={`/rooms/${room.id}`} class="item">
      <Avatar name={room.name} />
      <span class="item-text">
        <span class="item-name" dir="auto">
          {room.name}
        </span>
        <span class="item-note" dir="auto">
          {room.description || noteOf(room)}
        </span>
      </span>
      <span class="item-side">
        <Time iso={room.last_event_at} text={shortTime(room.last_event_at)} />
        {room.unread_count > 0 && (
          <span class="badge">
            {room.unread_count > 99 ? "99+" : room.unread_count}
            <span class="hidden"> unread</span>
          </span>
        )}
      </span>
    </Link>
  );
}

function noteOf(room: Room): string {
  if (room.type === "general") return "Everybody is here";
  if (room.type === "direct") return "The two of you";
  const people = room.member_count === 1 ? "1 person" : `${room.member_count} people`;
  return `${people} · ${room.is_public ? "public" : "by invitation"}${room.has_password ? " · password" : ""}`;
}

function Invitations() {
  if (invites.value.length === 0) return null;
  return (
    <section class="invites" aria-labelledby="invites-title">
      <h2 id="invites-title">Invitations</h2>
      <ul>
        {invites.value.map((invite) => (
          <li key={invite.id}>
            <Invitation invite={invite} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Invitation({ invite }: { invite: Invite }) {
  const deed = useDeed();
  async function answer(word: "accept" | "decline") {
    await call("POST", `/api/rooms/invites/${invite.id}/${word}`);
    await refreshRooms();
    if (word === "accept") go(`/rooms/${invite.room_id}`);
  }
  return (
    <>
      <p>
        <bdi>{invite.inviter_username}</bdi> invites you to{" "}
        <strong>
          <bdi>{invite.room_name}</bdi>
        </strong>
      </p>
      <p class="buttons">
        <button type="button" class="primary small" disabled={deed.busy} onClick={() => deed.run(() => answer("accept"))}>
          Accept<span class="hidden">: {invite.room_name}</span>
        </button>
        <button type="button" class="small" disabled={deed.busy} onClick={() => deed.run(() => answer("decline"))}>
          Decline<span class="hidden">: {invite.room_name}</span>
        </button>
      </p>
      <Failure text={deed.error} />
    </>
  );
}

function PublicRooms() {
  const [query, setQuery] = useState("");
  const found = useLoaded(query, async () => {
    const path = `/api/rooms?scope=public&page_size=100&query=${enc(query)}`;
    return (await call<{ rooms: Room[] }>("GET", path)).rooms;
  });
  return (
    <>
      <input
        type="search"
        class="filter"
        placeholder="Name"
        aria-label="Find a public room by its name"
        maxLength={100}
        value={query}
        onInput={(e) => setQuery(e.currentTarget.value)}
      />
      <Failure text={found.error} retry={() => void found.reload()} />
      {!found.data && !found.error && <Waiting lines={4} />}
      {found.data?.length === 0 && <Empty>No public room {query ? "with this name" : "yet"}.</Empty>}
      <ul class="items">
        {found.data?.map((room) => (
          <li key={room.id}>
            <RoomItem room={{ ...room, unread_count: 0, description: room.description || noteOf(room) }} />
          </li>
        ))}
      </ul>
    </>
  );
}
