// The coach: conversations, and an answer that can be stopped while it comes.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call, enc, stream } from "../api.ts";
import { textOf, useLoaded } from "../hooks.ts";
import { newId } from "../id.ts";
import { Markdown } from "../markdown.tsx";
import { shortTime } from "../time.ts";
import type { ChatResponse, MemoryMessage } from "../wire.ts";
import { Empty, Failure, PageTitle, Waiting } from "./parts.tsx";

const DEFAULT_THREAD = "default";

interface Turn {
  id: string | number;
  isMine: boolean;
  text: string;
  isStopped?: boolean;
}

interface Thread {
  id: string;
  title: string;
  at: string | null;
}

// There is no list of conversations to ask for: it is made out of what is remembered.
function threadsOf(newestFirst: MemoryMessage[]): Thread[] {
  const threads = new Map<string, Thread>();
  for (const m of newestFirst) {
    const id = m.thread_id || DEFAULT_THREAD;
    const thread = threads.get(id) ?? { id, title: "", at: m.created_at };
    if (m.role === "user") thread.title = m.content;
    threads.set(id, thread);
  }
  return Array.from(threads.values());
}

export function Coach() {
  const [thread, setThread] = useState(DEFAULT_THREAD);
  const memory = useLoaded("threads", async () => {
    const path = "/api/users/me/messages?page_size=500";
    return (await call<{ messages: MemoryMessage[] }>("GET", path)).messages;
  });
  const threads = threadsOf(memory.data ?? []);
  return (
    <main class="coach">
      <header class="room-head">
        <div class="room-title">
          <PageTitle title="Coach">Coach</PageTitle>
          <p>Honest help with what you want to say. Only you see it.</p>
        </div>
        {threads.length > 1 && (
          <label class="choose">
            <span class="hidden">Conversation</span>
            <select value={thread} onChange={(e) => setThread(e.currentTarget.value)}>
              {!threads.some((t) => t.id === thread) && <option value={thread}>New conversation</option>}
              {threads.map((t) => (
                <option key={t.id} value={t.id}>
                  {shortTime(t.at)} · {t.title.slice(0, 40) || "Conversation"}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="button" onClick={() => setThread(newId())}>
          New
        </button>
      </header>
      <Talk key={thread} thread={thread} onAnswered={() => void memory.reload()} />
    </main>
  );
}

function Talk({ thread, onAnswered }: { thread: string; onAnswered: () => void }) {
  const past = useLoaded(thread, async () => {
    const path = `/api/users/me/messages?page_size=100&thread_id=${enc(thread)}`;
    const { messages } = await call<{ messages: MemoryMessage[] }>("GET", path);
    return messages
      .filter((m) => m.role !== "internal" && m.role !== "system")
      .reverse()
      .map((m): Turn => ({ id: m.id, isMine: m.role === "user" || m.role === null, text: m.content }));
  });
  const [turns, setTurns] = useState<Turn[]>([]);
  const [answer, setAnswer] = useState<string | null>(null);
  const [error, setError] = useState("");
  const [said, setSaid] = useState("");
  const abort = useRef<AbortController | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const all = [...(past.data ?? []), ...turns];

  useEffect(() => () => abort.current?.abort(), []);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [all.length, answer]);

  async function ask(message: string) {
    const controller = new AbortController();
    abort.current = controller;
    isAtEnd.current = true;
    setError("");
    setSaid("");
    setTurns((t) => [...t, { id: newId(), isMine: true, text: message }]);
    setAnswer("");
    let text = "";
    let isStopped = false;
    try {
      for await (const { event, data } of stream("/api/ai-chat", { message, stream: true, thread_id: thread }, controller.signal)) {
        if (event === "delta") text += (data as { text: string }).text;
        else if (event === "done") text = (data as ChatResponse).response;
        else if (event === "error") throw new Error((data as { message: string }).message);
        setAnswer(text);
      }
    } catch (e) {
      isStopped = controller.signal.aborted;
      if (!isStopped) setError(textOf(e));
    }
    abort.current = null;
    setAnswer(null);
    if (text !== "") setTurns((t) => [...t, { id: newId(), isMine: false, text, isStopped }]);
    // Said once and whole: a screen reader should not spell the pieces.
    setSaid(isStopped ? "Stopped" : text);
    onAnswered();
  }

  return (
    <div class="talk">
      <div
        class="messages"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Conversation with the coach"
        aria-busy={answer !== null}
        onScroll={(e) => {
          const b = e.currentTarget;
          isAtEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40;
        }}
      >
        <Failure text={past.error} retry={() => void past.reload()} />
        {!past.data && !past.error && <Waiting lines={4} />}
        {past.data && all.length === 0 && answer === null && (
          <Empty>Tell the coach about a conversation: with whom it is, and what you want to say.</Empty>
        )}
        <ol>
          {all.map((turn) => (
            <li key={turn.id} class={turn.isMine ? "turn mine" : "turn"}>
              <span class="hidden">{turn.isMine ? "You:" : "Coach:"}</span>
              <Markdown text={turn.text} />
              {turn.isStopped && <p class="hint">Stopped</p>}
            </li>
          ))}
          {answer !== null && (
            <li class="turn">
              <span class="hidden">Coach:</span>
              {answer === "" ? <p class="hint">Thinking…</p> : <Markdown text={answer} />}
            </li>
          )}
        </ol>
      </div>
      <div class="hidden" role="log" aria-live="polite" aria-label="The coach's answer">
        {said}
      </div>
      <Failure text={error} />
      <Ask isAnswering={answer !== null} onAsk={(m) => void ask(m)} onStop={() => abort.current?.abort()} />
    </div>
  );
}

interface AskProps {
  isAnswering: boolean;
  onAsk: (message: string) => void;
  onStop: () => void;
}

function Ask({ isAnswering, onAsk, onStop }: AskProps) {
  const [text, setText] = useState("");
  const message = text.trim();
  function submit() {
    if (message === "" || isAnswering) return;
    onAsk(message);
    setText("");
  }
  return (
    <form
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <div class="composer-row">
        <textarea
          dir="auto"
          rows={1}
          maxLength={5000}
          value={text}
          placeholder="Ask the coach"
          aria-label="Message to the coach"
          onInput={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
            e.preventDefault();
            submit();
          }}
        />
        {isAnswering ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary" disabled={message === ""}>
            Ask
          </button>
        )}
      </div>
    </form>
  );
}

