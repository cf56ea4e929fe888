// The coach's live side: what has been asked, and what comes, on whichever page one is. Conversations
// themselves are the server's.
import { effect, signal } from "@preact/signals";
import { done, extend, fail, fill, newAnswer, type Answer } from "./answer.ts";
import { ApiError, call, textOfRefusal } from "./api.ts";
import type { ServerFrame } from "./frames.ts";
import { newId } from "./id.ts";
import { hear, transmit } from "./live.ts";
import { me } from "./session.ts";
import type { AnswerSoFar } from "./wire.ts";

// The latest answer of each conversation that this page has heard of.
export const answers = signal<ReadonlyMap<string, Answer>>(new Map());

// Of this tab: what is in the making is found again after a reload.
const KEPT = "coach.asked";

hear(onFrame);
effect(() => {
  // undefined: not known yet, and what is kept may be this user's.
  if (me.value === null) become(new Map());
});

// False: there is no connection, and nothing was asked.
export function askCoach(thread_id: string, question: string): boolean {
  const answer_id = newId();
  if (!transmit({ type: "coach_message", content: question, thread_id, answer_id })) return false;
  put(newAnswer(answer_id, thread_id, question));
  return true;
}

export function stopAnswer(answer: Answer): void {
  transmit({ type: "coach_cancel", answer_id: answer.answer_id });
}

// Once the conversation has been read with it.
export function forgetAnswer(answer_id: string): void {
  const next = new Map(answers.value);
  for (const [thread, answer] of next) if (answer.answer_id === answer_id) next.delete(thread);
  become(next);
}

function put(answer: Answer): void {
  become(new Map(answers.value).set(answer.thread_id, answer));
}

function become(next: ReadonlyMap<string, Answer>): void {
  answers.value = next;
  const coming = Array.from(next.values()).filter((a) => a.state === "coming");
  try {
    const kept = coming.map(({ answer_id, thread_id }) => ({ answer_id, thread_id }));
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Then only a reload does not find it.
  }
}

function find(answer_id: string | undefined): Answer | undefined {
  return Array.from(answers.value.values()).find((a) => a.answer_id === answer_id);
}

function onFrame(frame: ServerFrame): void {
  switch (frame.type) {
    case "connection_established":
      restore();
      for (const answer of answers.value.values()) if (answer.state === "coming") void catchUp(answer);
      break;
    case "coach_delta": {
      // In a room it is everybody's.
      if (frame.room_id !== undefined) break;
      const answer = find(frame.answer_id) ?? newAnswer(frame.answer_id, frame.thread_id, "");
      const next = extend(answer, frame.offset, frame.text);
      put(next ?? answer);
      if (!next) void catchUp(answer);
      break;
    }
    case "coach_done": {
      if (frame.room_id !== undefined) break;
      const answer = find(frame.answer_id) ?? newAnswer(frame.answer_id, frame.thread_id, "");
      if (frame.code === "OK") put(done(answer, frame.response ?? answer.text, frame.engine ?? ""));
      else put(fail(answer, frame.code, textOfRefusal(frame.code, frame.message ?? "")));
      break;
    }
    case "error": {
      const answer = find(frame.answer_id);
      if (answer) put(fail(answer, frame.code, textOfRefusal(frame.code, frame.message)));
      break;
    }
  }
}

function restore(): void {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as { answer_id: string; thread_id: string }[];
    for (const { answer_id, thread_id } of kept) if (!find(answer_id)) put(newAnswer(answer_id, thread_id, ""));
  } catch {
    // Nothing is in the making.
  }
}

const catching = new Set<string>();

// What has been missed: by a lost connection, a reload, or a piece that did not arrive.
async function catchUp({ answer_id, bytes }: Answer): Promise<void> {
  if (catching.has(answer_id)) return;
  catching.add(answer_id);
  try {
    const got = await call<AnswerSoFar>("GET", `/api/coach/answers/${answer_id}?after=${bytes}`);
    const now = find(answer_id);
    if (now) put(fill(now, got));
  } catch (error) {
    const now = find(answer_id);
    // It never began, or is long over: the conversation says which.
    if (now && error instanceof ApiError && error.code === "NOT_FOUND")
      put(fail(now, "", "The connection was lost. If your question is not above, ask again."));
  } finally {
    catching.delete(answer_id);
  }
}
