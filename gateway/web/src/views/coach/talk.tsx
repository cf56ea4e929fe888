// One conversation with the coach, and the answer that comes: it can be stopped, and is found again after
// a reload.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call, enc } from "../../api.ts";
import { answers, askCoach, forgetAnswer, stopAnswer } from "../../coach.ts";
import { draftOf, keepDraft } from "../../drafts.ts";
import { useLoaded } from "../../hooks.ts";
import { Markdown } from "../../markdown.tsx";
import type { MemoryMessage } from "../../wire.ts";
import { Failure, Waiting } from "../parts.tsx";
import { AskForm } from "./ask_form.tsx";
import { engineName } from "./engine.tsx";

const ideas = [
  "I have to tell my flatmate that the kitchen bothers me. How do I begin?",
  "Somebody is angry with me, and I do not know why.",
  "How do I say no without losing a friend?",
];

interface Turn {
  id: number;
  isMine: boolean;
  text: string;
}

interface TalkProps {
  thread: string;
  isListOpen: boolean;
  onList: () => void;
  // The list of conversations has changed.
  onAnswered: () => void;
}

async function askTurns(thread: string): Promise<Turn[]> {
  const path = `/api/users/me/messages?page_size=200&thread_id=${enc(thread)}`;
  const { messages } = await call<{ messages: MemoryMessage[] }>("GET", path);
  return messages
    .filter((m) => m.role !== "internal" && m.role !== "system")
    .reverse()
    .map((m) => ({ id: m.id, isMine: m.role !== "assistant", text: m.content }));
}

export function Talk({ thread, isListOpen, onList, onAnswered }: TalkProps) {
  const past = useLoaded(thread, () => askTurns(thread));
  const [error, setError] = useState("");
  const [said, setSaid] = useState("");
  // By which engine the last answer was given, which the conversation does not say.
  const [engine, setEngine] = useState("");
  const place = `coach ${thread}`;
  const [draft, setText] = useState(draftOf(place));
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const answer = answers.value.get(thread);
  const turns = past.data ?? [];
  const isComing = answer?.state === "coming";
  const isKept = (question: string) => turns.findLast((t) => t.isMine)?.text === question;
  const isAsked = answer !== undefined && answer.question !== "" && !(turns.at(-1)?.isMine && isKept(answer.question));

  useEffect(() => {
    if (!answer || answer.state === "coming") {
      // Asked on another device, or before this page was loaded: the question is there already.
      if (answer && answer.question === "") void past.reload();
      return;
    }
    // Said once and whole: a screen reader should not spell the pieces.
    setSaid(answer.state === "done" ? answer.text : answer.state === "stopped" ? "Stopped" : "");
    setEngine(answer.engine);
    if (answer.state === "failed") setError(answer.error);
    void past.reload();
  }, [answer?.answer_id, answer?.state]);
  // Before it is painted, so that nothing is there twice.
  useLayoutEffect(() => {
    if (!past.data || !answer || answer.state === "coming") return;
    // The conversation has been read with it. A question that did not arrive is there to be asked again.
    if (answer.state === "failed" && !isKept(answer.question)) setDraft([answer.question, draft].filter(Boolean).join("\n"));
    forgetAnswer(answer.answer_id);
    onAnswered();
  }, [past.data]);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [turns.length, answer?.text, isAsked]);

  function setDraft(text: string) {
    keepDraft(place, text);
    setText(text);
  }
  function ask(question: string): boolean {
    setError("");
    setSaid("");
    setEngine("");
    isAtEnd.current = true;
    const isSent = askCoach(thread, question);
    if (!isSent) setError("You are offline. Ask again when the connection is back.");
    return isSent;
  }

  return (
    <div class="talk">
      <p class="talk-bar narrow-only">
        <button type="button" class="quiet small" aria-expanded={isListOpen} aria-controls="threads" onClick={onList}>
          ☰ Conversations
        </button>
      </p>
      <div
        class="messages"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Conversation with the coach"
        aria-busy={isComing}
        onScroll={(e) => {
          const b = e.currentTarget;
          isAtEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40;
        }}
      >
        <Failure text={past.error} retry={() => void past.reload()} />
        {!past.data && !past.error && <Waiting lines={4} />}
        {past.data && turns.length === 0 && !answer && <Welcome onIdea={setDraft} />}
        <ol>
          {turns.map((turn) => (
            <TurnItem key={turn.id} isMine={turn.isMine} text={turn.text} />
          ))}
          {answer && isAsked && <TurnItem isMine text={answer.question} />}
          {answer && (isComing || answer.text !== "") && <TurnItem isMine={false} text={answer.text} />}
        </ol>
        {engine && <p class="engine">Answered by {engineName(engine)}</p>}
      </div>
      <div class="hidden" role="log" aria-live="polite" aria-label="The coach's answer">
        {said}
      </div>
      <Failure text={error} />
      <AskForm draft={draft} onDraft={setDraft} onAsk={ask} onStop={isComing ? () => stopAnswer(answer) : null} />
    </div>
  );
}

function TurnItem({ isMine, text }: { isMine: boolean; text: string }) {
  return (
    <li class={isMine ? "turn mine" : "turn"}>
      <span class="hidden">{isMine ? "You:" : "Coach:"}</span>
      {text === "" ? <p class="hint">Thinking…</p> : <Markdown text={text} />}
    </li>
  );
}

function Welcome({ onIdea }: { onIdea: (idea: string) => void }) {
  return (
    <div class="welcome">
      <p>Tell the coach about a conversation: with whom it is, and what you want to say.</p>
      <ul>
        {ideas.map((idea) => (
          <li key={idea}>
            <button type="button" onClick={() => onIdea(idea)}>
              {idea}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
