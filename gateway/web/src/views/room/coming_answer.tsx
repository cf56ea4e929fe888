// The coach's answer to somebody in the room, while it comes. Whoever asked may end it.
import { Markdown } from "../../markdown.tsx";
import { stopRoomAnswer, type RoomAnswer } from "../../room_coach.ts";
import { me } from "../../session.ts";
import { CoachAvatar } from "../parts.tsx";

export function ComingAnswer({ answer: a }: { answer: RoomAnswer }) {
  return (
    <li class="message of-coach coming" data-answer={a.answer_id} aria-busy="true">
      <CoachAvatar />
      <div class="message-text">
        <p class="message-head">
          <span class="author">Coach</span>
          <span class="state">
            answers <bdi>{a.username}</bdi>…
          </span>
        </p>
        <Markdown text={a.text} />
        {a.user_id === me.value?.id && (
          <p class="buttons">
            <button type="button" class="small" onClick={() => stopRoomAnswer(a)}>
              Stop
            </button>
          </p>
        )}
      </div>
    </li>
  );
}
