// The coach in rooms: answers while they come. None of it stays: what it has said is a message, and what
// it does not bring to its end is nothing.
import { effect, signal } from "@preact/signals";
import { extend, newAnswer, type Answer } from "./answer.ts";
import type { RoomCoachDeltaFrame, ServerFrame } from "./frames.ts";
import { connection, hear, transmit } from "./live.ts";

export interface RoomAnswer extends Answer {
  room_id: number;
  // Whose question it answers.
  user_id: number;
  username: string;
}

export const roomAnswers = signal<readonly RoomAnswer[]>([]);

// A service that dies in the middle says nothing any more.
const MAX_MS = 120_000;

hear(onFrame);
effect(() => {
  if (connection.value !== "open") roomAnswers.value = [];
});

export function stopRoomAnswer(answer: RoomAnswer): void {
  transmit({ type: "coach_cancel", answer_id: answer.answer_id });
}

function onFrame(frame: ServerFrame): void {
  if (frame.type === "coach_delta" && frame.room_id !== undefined) onDelta(frame);
  else if (frame.type === "coach_done" && frame.room_id !== undefined) drop(frame.answer_id);
}

function onDelta(frame: RoomCoachDeltaFrame): void {
  const known = roomAnswers.value.find((a) => a.answer_id === frame.answer_id);
  if (!known) setTimeout(() => drop(frame.answer_id), MAX_MS);
  const answer = known ?? {
    ...newAnswer(frame.answer_id, "", ""),
    room_id: frame.room_id,
    user_id: frame.user_id,
    username: frame.username,
  };
  // What is missing comes with the end.
  const next = { ...answer, ...(extend(answer, frame.offset, frame.text) ?? answer) };
  roomAnswers.value = [...roomAnswers.value.filter((a) => a !== known), next];
}

function drop(answer_id: string): void {
  roomAnswers.value = roomAnswers.value.filter((a) => a.answer_id !== answer_id);
}
