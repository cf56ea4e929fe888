// The coach: conversations, rehearsing a draft, making a text clearer.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useLoaded } from "../../hooks.ts";
import { newId } from "../../id.ts";
import { Link, go, path } from "../../router.tsx";
import type { MemoryMessage, MemoryThread } from "../../wire.ts";
import { Failure, PageTitle, Waiting } from "../parts.tsx";
import { ClarifyPage } from "./clarify.tsx";
import { RehearsePage } from "./rehearse.tsx";
import { Talk } from "./talk.tsx";
import { ThreadList } from "./thread_list.tsx";

const DEFAULT_THREAD = "default";

const parts = [
  ["/coach", "Talk"],
  ["/coach/rehearse", "Rehearse"],
  ["/coach/clarify", "Clarify"],
] as const;

export function Coach() {
  const [, , part, thread] = path.value.split("/");
  const isTalk = part !== "rehearse" && part !== "clarify";
  const [showsList, setShowsList] = useState(false);
  return (
    <main class="coach">
      <header class="room-head">
        <div class="room-title">
          <PageTitle title="Coach">Coach</PageTitle>
          <p>Only you see it.</p>
        </div>
        <nav class="parts" aria-label="Coach">
          {parts.map(([to, label]) => (
            <Link key={to} to={to} isExact={to !== "/coach" || !isTalk}>
              {label}
            </Link>
          ))}
        </nav>
      </header>
      {part === "rehearse" && <RehearsePage />}
      {part === "clarify" && <ClarifyPage />}
      {isTalk && <Conversations wanted={part === "t" ? decodeURIComponent(thread ?? "") : ""} showsList={showsList} onList={setShowsList} />}
    </main>
  );
}

interface ConversationsProps {
  // Empty: the latest one.
  wanted: string;
  showsList: boolean;
  onList: (shows: boolean) => void;
}

function Conversations({ wanted, showsList, onList }: ConversationsProps) {
  const list = useLoaded("threads", async () => {
    const [{ threads }, { messages }] = await Promise.all([
      call<{ threads: MemoryThread[] }>("GET", "/api/users/me/threads?page_size=200"),
      call<{ messages: MemoryMessage[] }>("GET", "/api/users/me/messages?page_size=200"),
    ]);
    return { threads, messages };
  });
  if (!list.data)
    return <div class="talk">{list.error ? <Failure text={list.error} retry={() => void list.reload()} /> : <Waiting lines={6} />}</div>;
  const thread = wanted || list.data.threads[0]?.thread_id || DEFAULT_THREAD;
  return (
    <div class="coach-body">
      <ThreadList
        {...list.data}
        current={thread}
        isOpen={showsList}
        onClose={() => onList(false)}
        onNew={() => {
          onList(false);
          go(`/coach/t/${newId()}`);
        }}
        onDeleted={(id) => {
          if (id === thread) go("/coach");
          void list.reload();
        }}
      />
      <Talk key={thread} thread={thread} onList={() => onList(!showsList)} isListOpen={showsList} onAnswered={() => void list.reload()} />
    </div>
  );
}
