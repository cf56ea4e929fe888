// Finding what was said, in one room or in all of one's own.
import { useState } from "preact/hooks";
import { call, enc } from "../api.ts";
import { rooms } from "../chat.ts";
import { useDeed, useLoaded } from "../hooks.ts";
import { Link } from "../router.tsx";
import { shortTime } from "../time.ts";
import type { RoomMessage } from "../wire.ts";
import { Empty, Failure, Time } from "./parts.tsx";

interface Found {
  messages: RoomMessage[];
  next_page_token: string;
}

// roomId 0: in all rooms.
export function MessageSearch({ roomId, onChosen }: { roomId: number; onChosen?: () => void }) {
  const [query, setQuery] = useState("");
  const words = query.trim();
  const deed = useDeed();
  function ask(token: string): Promise<Found> {
    if (words === "") return Promise.resolve({ messages: [], next_page_token: "" });
    return call<Found>("GET", `/api/rooms/search?page_size=50&room_id=${roomId}&query=${enc(words)}&page_token=${token}`);
  }
  const found = useLoaded(words, () => ask(""));
  const data = found.data;
  async function more() {
    if (!data) return;
    const page = await ask(data.next_page_token);
    found.set({ ...page, messages: [...data.messages, ...page.messages] });
  }
  return (
    <>
      <input
        type="search"
        class="filter"
        placeholder="Words of a message"
        aria-label={roomId ? "Search what was said here" : "Search what was said in your rooms"}
        maxLength={200}
        value={query}
        onInput={(e) => setQuery(e.currentTarget.value)}
      />
      <Failure text={found.error || deed.error} retry={() => void found.reload()} />
      <p class="hidden" role="status">
        {words !== "" && data ? `${data.messages.length} found` : ""}
      </p>
      {words === "" && <Empty>Every word has to be there; the last one may be a beginning.</Empty>}
      {words !== "" && data?.messages.length === 0 && <Empty>Nothing found.</Empty>}
      <ul class="items" onClick={(e) => e.target instanceof Element && e.target.closest("a") && onChosen?.()}>
        {data?.messages.map((m) => (
          <li key={m.message_id}>
            <FoundItem message={m} withRoom={roomId === 0} />
          </li>
        ))}
      </ul>
      {data?.next_page_token && (
        <p class="buttons">
          <button type="button" class="small" disabled={deed.busy} onClick={() => deed.run(more)}>
            More
          </button>
        </p>
      )}
    </>
  );
}

function FoundItem({ message: m, withRoom }: { message: RoomMessage; withRoom: boolean }) {
  return (
    <Link to={`/rooms/${m.room_id}/${m.seq}`} class="item" isCurrent={false}>
      <span class="item-text">
        <span class="item-name">
          <bdi>{m.username}</bdi>
          {withRoom && (
            <>
              {" in "}
              <bdi>{rooms.value?.find((r) => r.id === m.room_id)?.name ?? m.room_id}</bdi>
            </>
          )}
        </span>
        <span class="item-found" dir="auto">
          {m.content}
        </span>
      </span>
      <span class="item-side">
        <Time iso={m.timestamp} text={shortTime(m.timestamp)} />
      </span>
    </Link>
  );
}
