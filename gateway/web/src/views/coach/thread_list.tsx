// The conversations with the coach. Beside the open one on a desk; over it, when asked for, on a phone.
import { useState } from "preact/hooks";
import { call, enc } from "../../api.ts";
import { Link } from "../../router.tsx";
import { shortTime } from "../../time.ts";
import type { MemoryMessage, MemoryThread } from "../../wire.ts";
import { Confirm, Empty, Time } from "../parts.tsx";

interface ThreadListProps {
  threads: MemoryThread[];
  // The newest ones of all conversations, newest first.
  messages: MemoryMessage[];
  current: string;
  isOpen: boolean;
  onClose: () => void;
  onNew: () => void;
  onDeleted: (id: string) => void;
}

export function ThreadList({ threads, messages, current, isOpen, onClose, onNew, onDeleted }: ThreadListProps) {
  return (
    <aside id="threads" class={isOpen ? "threads open" : "threads"} aria-labelledby="threads-title">
      <header class="list-head">
        <h2 id="threads-title">Conversations</h2>
        <button type="button" class="small" onClick={onNew}>
          New<span class="hidden"> conversation</span>
        </button>
        <button type="button" class="icon narrow-only" aria-label="Close the list of conversations" onClick={onClose}>
          ✕
        </button>
      </header>
      {threads.length === 0 && <Empty>None yet.</Empty>}
      <ul class="items list-body">
        {threads.map((t) => (
          <Item key={t.thread_id} thread={t} title={titleOf(t, messages)} isCurrent={t.thread_id === current} onChosen={onClose} onDeleted={onDeleted} />
        ))}
      </ul>
    </aside>
  );
}

// A conversation has no title of its own: what one has said in it last stands for it.
function titleOf(thread: MemoryThread, messages: MemoryMessage[]): string {
  const last = messages.find((m) => (m.thread_id || "default") === thread.thread_id && m.role === "user");
  return last?.content ?? (thread.messages === 1 ? "1 message" : `${thread.messages} messages`);
}

interface ItemProps {
  thread: MemoryThread;
  title: string;
  isCurrent: boolean;
  onChosen: () => void;
  onDeleted: (id: string) => void;
}

function Item({ thread: t, title, isCurrent, onChosen, onDeleted }: ItemProps) {
  const [asks, setAsks] = useState(false);
  async function remove() {
    await call("DELETE", `/api/users/me/threads/${enc(t.thread_id)}`);
    onDeleted(t.thread_id);
  }
  return (
    <li class={isCurrent ? "thread current" : "thread"} onClick={(e) => e.target instanceof Element && e.target.closest("a") && onChosen()}>
      <Link to={`/coach/t/${enc(t.thread_id)}`} class="item" isCurrent={isCurrent}>
        <span class="item-text">
          <span class="item-name" dir="auto">
            {title}
          </span>
          <span class="item-note">
            <Time iso={t.last_message_at} text={shortTime(t.last_message_at)} /> · {t.messages === 1 ? "1 message" : `${t.messages} messages`}
          </span>
        </span>
      </Link>
      <button type="button" class="icon" aria-label={`Delete the conversation: ${title.slice(0, 60)}`} onClick={() => setAsks(true)}>
        <svg viewBox="0 0 24 24" class="glyph" aria-hidden="true">
          <path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5" />
        </svg>
      </button>
      {asks && (
        <Confirm title="Delete this conversation?" word="Delete" onDo={remove} onClose={() => setAsks(false)}>
          The coach forgets it, and nobody can bring it back. Levels that it has moved stay.
        </Confirm>
      )}
    </li>
  );
}
