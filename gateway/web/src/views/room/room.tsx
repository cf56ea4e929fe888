// A room: what was said, what is being said, and who is there.
import { useEffect, useState } from "preact/hooks";
import { call } from "../../api.ts";
import { closeRoom, findRoom, forgetGone, gone, logs, openRoom, outbox, refreshRooms, roomError, rooms, typing } from "../../chat.ts";
import { draftOf } from "../../drafts.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import type { Room, RoomMessage } from "../../wire.ts";
import { MessageSearch } from "../message_search.tsx";
import { Copy, Failure, Field, PageTitle, Waiting, valuesOf } from "../parts.tsx";
import { Composer } from "./composer.tsx";
import { Messages } from "./messages.tsx";
import { People } from "./people.tsx";

export function RoomView({ roomId, seq }: { roomId: number; seq: number }) {
  const known = rooms.value?.find((r) => r.id === roomId);
  // Not among the caller's own: maybe public, maybe nothing.
  const other = useLoaded(`${roomId} ${rooms.value !== undefined}`, async () =>
    rooms.value && !known ? await findRoom(roomId) : undefined,
  );
  const reason = gone.value.get(roomId);
  useEffect(() => () => forgetGone(roomId), []);
  if (known) return <Conversation room={known} seq={seq} />;
  if (other.data?.type === "general" && !other.data.is_member) return <NoRoom roomId={roomId} text={reasonText("banned")} />;
  if (reason !== undefined) return <NoRoom roomId={roomId} text={reasonText(reason)} />;
  if (other.data && !other.data.is_member) return <JoinRoom room={other.data} />;
  if (other.data === null) return <NoRoom roomId={roomId} text="There is no such room, or it is not for you." />;
  return (
    <main class="room">
      {other.error ? <Failure text={other.error} retry={() => void other.reload()} /> : <Waiting lines={6} />}
    </main>
  );
}

function reasonText(reason: string): string {
  if (reason === "left") return "You have left this room.";
  if (reason === "removed") return "You are no longer in this room.";
  if (reason === "banned") return "You are banned from this room.";
  if (reason === "deleted") return "This room has been deleted.";
  return reason;
}

function NoRoom({ roomId, text }: { roomId: number; text: string }) {
  const unsent = outbox.value.filter((e) => e.room_id === roomId).map((e) => e.content);
  const unsaid = [...unsent, draftOf(`room ${roomId}`)].filter((t) => t.trim() !== "");
  return (
    <main class="room plain">
      <PageTitle title="Room">{text}</PageTitle>
      {unsaid.length > 0 && (
        <section class="card rehearsal" aria-labelledby="unsaid-title">
          <h2 id="unsaid-title">What you wrote, and did not send</h2>
          {unsaid.map((t) => (
            <>
              <blockquote class="better" dir="auto">
                {t}
              </blockquote>
              <p class="buttons">
                <Copy text={t} />
              </p>
            </>
          ))}
        </section>
      )}
      <p>
        <Link to="/rooms">To the rooms</Link>
      </p>
    </main>
  );
}

function JoinRoom({ room }: { room: Room }) {
  const deed = useDeed();
  async function join(password: string) {
    await call("POST", `/api/rooms/${room.id}/join`, { password });
    await refreshRooms();
  }
  return (
    <main class="room plain">
      <p class="back">
        <Link to="/rooms">← Rooms</Link>
      </p>
      <PageTitle title={room.name}>{room.name}</PageTitle>
      <p dir="auto">{room.description}</p>
      <p class="hint">{room.member_count === 1 ? "1 person is" : `${room.member_count} people are`} in this room.</p>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => join(v["password"] ?? ""));
        }}
      >
        {room.has_password && !room.is_invited && (
          <Field label="Password of the room" name="password" type="password" autocomplete="off" required deed={deed} />
        )}
        <Failure text={deed.field === "password" && room.has_password ? "" : deed.error} />
        <button type="submit" class="primary" disabled={deed.busy}>
          Join
        </button>
      </form>
    </main>
  );
}

type Panel = "" | "people" | "search";

function Conversation({ room, seq }: { room: Room; seq: number }) {
  const opening = useLoaded(`open ${room.id}`, () => openRoom(room));
  const [panel, setPanel] = useState<Panel>("");
  const [replyTo, setReplyTo] = useState<RoomMessage | null>(null);
  const log = logs.value.get(room.id);
  useEffect(() => () => closeRoom(room.id), []);
  const toggle = (which: Panel) => () => setPanel(panel === which ? "" : which);
  return (
    <main class="room" data-room={room.id}>
      <header class="room-head">
        <Link to="/rooms" class="back icon" label="Back to the rooms">
          ←
        </Link>
        <div class="room-title">
          <PageTitle title={room.name}>{room.name}</PageTitle>
          {room.description && <p dir="auto">{room.description}</p>}
        </div>
        <button type="button" class="icon" aria-label="Search in this room" aria-expanded={panel === "search"} aria-controls="panel" onClick={toggle("search")}>
          <svg viewBox="0 0 24 24" class="glyph" aria-hidden="true">
            <path d="M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20" />
          </svg>
        </button>
        <button type="button" class="quiet" aria-expanded={panel === "people"} aria-controls="panel" onClick={toggle("people")}>
          People
        </button>
      </header>
      <div class="room-body">
        <section class="talk" aria-label="Conversation">
          {opening.error && !log?.isLoaded ? (
            <Failure text={opening.error} retry={() => void opening.reload()} />
          ) : log?.isLoaded ? (
            <Messages room={room} seq={seq} onReply={setReplyTo} />
          ) : (
            <div class="messages">
              <Waiting lines={8} />
            </div>
          )}
          <Typing roomId={room.id} />
          <Failure text={roomError.value} />
          <Composer room={room} replyTo={replyTo} onReplied={() => setReplyTo(null)} />
        </section>
        {panel === "people" && <People room={room} onClose={toggle("people")} />}
        {panel === "search" && (
          <aside id="panel" class="panel" aria-labelledby="search-title">
            <header>
              <h2 id="search-title">Search</h2>
              <button type="button" class="icon" aria-label="Close the search" onClick={toggle("search")}>
                ✕
              </button>
            </header>
            <MessageSearch roomId={room.id} onChosen={() => matchMedia("(max-width: 999px)").matches && setPanel("")} />
          </aside>
        )}
      </div>
    </main>
  );
}

function Typing({ roomId }: { roomId: number }) {
  const names = typing.value.get(roomId) ?? [];
  // Always there, so that nothing jumps when somebody begins.
  return (
    <p class="typing" dir="auto">
      {names.length > 0 &&
        (names.length > 2 ? "Several people are typing…" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing…`)}
    </p>
  );
}
